"""Token buckets in Redis, shared by all processes."""

from collections.abc import Sequence

from redis.asyncio import BlockingConnectionPool, Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from adapters.counters.rule import checked, level
from domain.errors import StorageUnavailable
from domain.rates import Bucket, Level

TIMEOUT = 5.0
_CONNECTIONS = 32
_MICRO = 1e6

# A bucket is kept as the moment, in microseconds of the server's clock, at which it will be full; it then expires.
# Amounts are counted in whole microseconds, so that nothing is rounded in the bucket's favour. All buckets of one
# request are looked at before the first is changed: what one of them refuses is taken from none.
_TAKE = """
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local full, found, refused = {}, {}, false
for i, key in ipairs(KEYS) do
  full[i] = math.max(tonumber(redis.call('GET', key) or now), now)
  local wait = math.max(0, full[i] + ARGV[2 * i - 1] - now - ARGV[2 * i])
  refused = refused or wait > 0
  found[2 * i - 1], found[2 * i] = wait, full[i] - now
end
if refused then return found end
for i, key in ipairs(KEYS) do
  full[i] = full[i] + ARGV[2 * i - 1]
  redis.call('SET', key, string.format('%.0f', full[i]), 'PX', math.max(1, math.ceil((full[i] - now) / 1000)))
  found[2 * i] = full[i] - now
end
return found
"""


class RedisCounters:
    """The `Counters` port. One script a take: atomic, one round trip, on the server's clock. `timeout` in seconds."""

    def __init__(self, url: str, *, timeout: float = TIMEOUT) -> None:
        pool = BlockingConnectionPool.from_url(
            url,
            max_connections=_CONNECTIONS,
            timeout=timeout,
            socket_timeout=timeout,
            socket_connect_timeout=timeout,
            retry=Retry(NoBackoff(), 0),
        )
        self._redis = Redis.from_pool(pool)
        self._take = self._redis.register_script(_TAKE)

    async def take(self, key: str, *, capacity: int, per_second: float, amount: int = 1) -> float:
        (taken,) = await self.take_all([Bucket(key, capacity, per_second)], amount=amount)
        return taken.wait

    async def take_all(self, buckets: Sequence[Bucket], *, amount: int = 1) -> list[Level]:
        arguments = []
        for bucket in buckets:
            checked(bucket.capacity, bucket.per_second, amount)
            arguments += [round(each / bucket.per_second * _MICRO) for each in (amount, bucket.capacity)]
        try:
            found = await self._take(keys=[f"ccb:bucket:{bucket.key}" for bucket in buckets], args=arguments)
        except (RedisError, OSError) as error:
            raise StorageUnavailable(
                f"Redis cannot be used: {error}. Check that it runs, and CCB_REDIS_URL."
            ) from error
        pairs = zip(found[::2], found[1::2], buckets, strict=True)
        return [level(int(w) / _MICRO, int(f) / _MICRO, one.capacity, one.per_second) for w, f, one in pairs]

    async def close(self) -> None:
        await self._redis.aclose()
