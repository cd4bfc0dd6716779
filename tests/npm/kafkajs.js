// kafkajs' registry client: registers, encodes, decodes and evolves; prints what came out as JSON.
const { SchemaRegistry, SchemaType, COMPATIBILITY } = require('@kafkajs/confluent-schema-registry');

const record = (...fields) => JSON.stringify({ type: 'record', namespace: 'shop', name: 'Order', fields });
const id = { name: 'id', type: 'int' };

async function main(host, token) {
  const registry = new SchemaRegistry({ host, auth: { username: 'token', password: token } });
  const out = {};
  const first = await registry.register({ type: SchemaType.AVRO, schema: record(id) }, { subject: 'js-avro-value', compatibility: COMPATIBILITY.BACKWARD });
  const encoded = await registry.encode(first.id, { id: 7 });
  out.avro = await registry.decode(encoded);
  out.magic = encoded[0];
  out.framedId = encoded.readInt32BE(1) === first.id;
  out.latest = (await registry.getLatestSchemaId('js-avro-value')) === first.id;
  out.bySchema = (await registry.getRegistryId('js-avro-value', 1)) === first.id;
  try {
    await registry.register({ type: SchemaType.AVRO, schema: record(id, { name: 'must', type: 'string' }) }, { subject: 'js-avro-value' });
    out.refused = null;
  } catch (error) {
    out.refused = { status: error.status, message: error.message };
  }
  const json = await registry.register({ type: SchemaType.JSON, schema: JSON.stringify({ $schema: 'http://json-schema.org/draft-07/schema#', type: 'object', properties: { id: { type: 'integer' } }, required: ['id'] }) }, { subject: 'js-json-value' });
  out.json = await registry.decode(await registry.encode(json.id, { id: 8 }));
  const proto = await registry.register({ type: SchemaType.PROTOBUF, schema: 'syntax = "proto3"; package shop; message Order { int32 id = 1; string note = 2; }' }, { subject: 'js-proto-value' });
  out.protobuf = await registry.decode(await registry.encode(proto.id, { id: 9, note: 'n' }));
  console.log(JSON.stringify(out));
}

main(process.argv[2], process.env.WEFT_TOKEN).catch((error) => {
  console.error(error);
  process.exit(1);
});
