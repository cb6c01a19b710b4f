"""Token buckets in Redis, shared by all processes."""

from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from adapters.counters.rule import checked
from domain.errors import StorageUnavailable

TIMEOUT = 5.0

# A bucket is kept as the moment, in microseconds of the server's clock, at which it will be full; it then expires.
# Amounts are counted in whole microseconds, so that nothing is rounded in the bucket's favour.
_TAKE = """
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local cost, size = tonumber(ARGV[1]), tonumber(ARGV[2])
local full = math.max(tonumber(redis.call('GET', KEYS[1]) or now), now) + cost
local wait = full - now - size
if wait > 0 then return wait end
redis.call('SET', KEYS[1], string.format('%.0f', full), 'PX', math.max(1, math.ceil((full - now) / 1000)))
return 0
"""


class RedisCounters:
    """The `Counters` port. One script a take: atomic, one round trip, on the server's clock."""

    def __init__(self, url: str) -> None:
        self._redis = Redis.from_url(
            url, socket_timeout=TIMEOUT, socket_connect_timeout=TIMEOUT, retry=Retry(NoBackoff(), 0)
        )
        self._take = self._redis.register_script(_TAKE)

    async def take(self, key: str, *, capacity: int, per_second: float, amount: int = 1) -> float:
        checked(capacity, per_second, amount)
        cost, size = round(amount / per_second * 1e6), round(capacity / per_second * 1e6)
        try:
            return int(await self._take(keys=[f"ccb:bucket:{key}"], args=[cost, size])) / 1e6
        except (RedisError, OSError) as error:
            raise StorageUnavailable(
                f"Redis cannot be used: {error}. Check that it runs, and CCB_REDIS_URL."
            ) from error

    async def close(self) -> None:
        await self._redis.aclose()
