"""Point queries beside heavy scans: sixteen clients, half and half."""
import concurrent.futures
import threading
import time

import httpx

from figure import Measured, figure, ratio_at_most
from flights import apply_flights, ask, publish
from server import serve

HEAVY = "SELECT a.state, f.destination, count(*) AS n, sum(f.delay) AS late FROM aviation.flights f JOIN aviation.airports a ON a.iata = f.origin GROUP BY ALL ORDER BY n DESC LIMIT 20"
POINT = "SELECT name, city FROM aviation.airports WHERE iata = $1"
SECONDS = 8


def p95_of_points(url, clients, stop):
    def one(_):
        times = []
        with httpx.Client(base_url=url, timeout=120) as client:
            while not stop.is_set():
                started = time.perf_counter()
                ask(client, POINT, ["SEA"])
                times.append(time.perf_counter() - started)
        return times

    with concurrent.futures.ThreadPoolExecutor(clients) as pool:
        times = sorted(value for each in pool.map(one, range(clients)) for value in each)
    return times[int(len(times) * 0.95)]


def for_a_while(work):
    stop = threading.Event()
    threading.Timer(SECONDS, stop.set).start()
    return work(stop)


@figure("mixed_p95", what="p95 of 8 clients' point queries beside 8 heavy clients, against alone, ms", bar=ratio_at_most(3))
def mixed_p95(bench):
    with serve(bench.weft, bench.folder / "data") as (client, url, _):
        apply_flights(bench, url)
        publish(client, "aviation.flights", bench.data / "flights-3m.parquet")
        publish(client, "aviation.airports", bench.data / "airports.csv")
        alone = for_a_while(lambda stop: p95_of_points(url, 8, stop))

        def beside(stop):
            def heavy(_):
                with httpx.Client(base_url=url, timeout=120) as heavy_client:
                    count = 0
                    while not stop.is_set():
                        ask(heavy_client, HEAVY)
                        count += 1
                return count

            with concurrent.futures.ThreadPoolExecutor(8) as pool:
                running = [pool.submit(heavy, number) for number in range(8)]
                return p95_of_points(url, 8, stop), sum(each.result() for each in running)

        together, scans = for_a_while(beside)
        return Measured(together * 1000, alone * 1000, "ms", {"heavy_queries": scans})
