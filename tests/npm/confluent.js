// Confluent's own JavaScript client: the REST calls, then its serializers for the three languages; prints JSON.
const sr = require('@confluentinc/schemaregistry');

const record = (...fields) => JSON.stringify({ type: 'record', name: 'Order', namespace: 'shop', fields });

async function roundTrip(Serializer, Deserializer, client, topic, message, options = {}) {
  const serializer = new Serializer(client, sr.SerdeType.VALUE, { useLatestVersion: true, ...options });
  const deserializer = new Deserializer(client, sr.SerdeType.VALUE, {});
  return deserializer.deserialize(topic, await serializer.serialize(topic, message));
}

async function main(url, token) {
  const client = sr.SchemaRegistryClient.newClient({ baseURLs: [url], basicAuthCredentials: { credentialsSource: 'USER_INFO', userInfo: `token:${token}` } });
  const out = {};
  const id = await client.register('cjs-avro-value', { schemaType: 'AVRO', schema: record({ name: 'id', type: 'int' }) });
  out.sameId = (await client.getId('cjs-avro-value', { schemaType: 'AVRO', schema: record({ name: 'id', type: 'int' }) })) === id;
  out.versions = await client.getAllVersions('cjs-avro-value');
  out.latest = (await client.getLatestSchemaMetadata('cjs-avro-value')).id === id;
  out.compatible = await client.testSubjectCompatibility('cjs-avro-value', { schemaType: 'AVRO', schema: record({ name: 'id', type: 'int' }, { name: 'must', type: 'string' }) });
  await client.updateCompatibility('cjs-avro-value', sr.Compatibility.FULL);
  out.level = await client.getCompatibility('cjs-avro-value');
  out.avro = await roundTrip(sr.AvroSerializer, sr.AvroDeserializer, client, 'cjs-avro', { id: 7 });
  await client.register('cjs-json-value', { schemaType: 'JSON', schema: JSON.stringify({ type: 'object', properties: { id: { type: 'integer' } } }) });
  out.json = await roundTrip(sr.JsonSerializer, sr.JsonDeserializer, client, 'cjs-json', { id: 8 }, { validate: true });
  out.subjects = (await client.getAllSubjects()).filter((name) => name.startsWith('cjs-'));
  out.deleted = await client.deleteSubject('cjs-json-value');
  console.log(JSON.stringify(out));
  process.exit(0);
}

main(process.argv[2], process.env.WEFT_TOKEN).catch((error) => {
  console.error(error);
  process.exit(1);
});
