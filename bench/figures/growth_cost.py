"""The same query and publish in a mesh of ten products and in one of five thousand."""
from figure import figure, interleaved, ratio_at_most
from flights import apply, ask
from growth import many_products
from server import serve

ROWS = "id,word,amount\n" + "".join(f"{number},w{number},{number}.25\n" for number in range(1000))


def both(bench, work, rounds):
    with serve(bench.weft, bench.folder / "large") as (large, large_url, _), serve(bench.weft, bench.folder / "small") as (small, small_url, _p):
        apply(bench, large_url, many_products(bench.folder / "m-large", 5000))
        apply(bench, small_url, many_products(bench.folder / "m-small", 10))
        for client in (large, small):
            publish(client)
        return interleaved(lambda: work(large), lambda: work(small), rounds=rounds, unit="ms", scale=1000.0)


def publish(client):
    client.post("/v1/products/d0/p0/ports/p0/publishes", content=ROWS, params={"mode": "overwrite"}).raise_for_status()


@figure("growth_query", what="a query in a mesh of 5,000 products, against one of 10", bar=ratio_at_most(1.2))
def growth_query(bench):
    return both(bench, lambda client: ask(client, "SELECT word, sum(amount) FROM d0.p0 WHERE id < 500 GROUP BY word ORDER BY 2 DESC LIMIT 10"), 100)


@figure("growth_publish", what="a publish in a mesh of 5,000 products, against one of 10", bar=ratio_at_most(1.2))
def growth_publish(bench):
    return both(bench, publish, 25)
