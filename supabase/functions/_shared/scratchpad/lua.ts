/** What Redis must do in one step. Small on purpose: each is readable without leaving this page. */

/** KEYS epoch, answer. ARGV a new epoch's name. → epoch [, revision, value] */
export const readAnswer = `
local epoch = redis.call('GET', KEYS[1])
if not epoch then
  epoch = ARGV[1]
  redis.call('SET', KEYS[1], epoch)
end
local kept = redis.call('HMGET', KEYS[2], 'epoch', 'revision', 'value')
if kept[1] ~= epoch then return {epoch} end
return {epoch, kept[2], kept[3]}`;

/** KEYS epoch, floor, answer. ARGV epoch, revision, value, ttl. → written | below_floor | other_epoch */
export const writeBack = `
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 'other_epoch' end
if tonumber(redis.call('GET', KEYS[2]) or 0) > tonumber(ARGV[2]) then return 'below_floor' end
local kept = redis.call('HMGET', KEYS[3], 'epoch', 'revision')
if kept[1] == ARGV[1] and tonumber(kept[2]) > tonumber(ARGV[2]) then return 'written' end
redis.call('HSET', KEYS[3], 'epoch', ARGV[1], 'revision', ARGV[2], 'value', ARGV[3])
redis.call('EXPIRE', KEYS[3], ARGV[4])
return 'written'`;

/** KEYS floor, answer, floor, answer … ARGV ttl, revision, revision … */
export const raiseFloors = `
for i = 2, #ARGV do
  local floor, answer, given = KEYS[2 * i - 3], KEYS[2 * i - 2], tonumber(ARGV[i])
  if given >= tonumber(redis.call('GET', floor) or 0) then
    redis.call('SET', floor, ARGV[i], 'EX', ARGV[1])
  else
    redis.call('EXPIRE', floor, ARGV[1])
  end
  if tonumber(redis.call('HGET', answer, 'revision') or 0) < given then redis.call('DEL', answer) end
end
return 'OK'`;

/** KEYS counter. ARGV amount, window in seconds. → count */
export const hit = `
local count = redis.call('INCRBY', KEYS[1], ARGV[1])
if count == tonumber(ARGV[1]) then redis.call('EXPIRE', KEYS[1], ARGV[2]) end
return count`;

const now = `
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)`;

/** KEYS set, info. ARGV member, info, ttl in seconds. → 1 when it was not there */
export const join = `${now}
local ends = redis.call('ZSCORE', KEYS[1], ARGV[1])
redis.call('ZADD', KEYS[1], now + ARGV[3] * 1000, ARGV[1])
redis.call('HSET', KEYS[2], ARGV[1], ARGV[2])
redis.call('EXPIRE', KEYS[1], ARGV[3])
redis.call('EXPIRE', KEYS[2], ARGV[3])
if ends and tonumber(ends) > now then return 0 end
return 1`;

/** KEYS set, info. ARGV member. → 1 when it was there */
export const leave = `${now}
local ends = redis.call('ZSCORE', KEYS[1], ARGV[1])
redis.call('ZREM', KEYS[1], ARGV[1])
redis.call('HDEL', KEYS[2], ARGV[1])
if ends and tonumber(ends) > now then return 1 end
return 0`;

/**
 * KEYS set, info. → JSON: [[member, end, member, end …], [member, info, member, info …]]. One text and
 * not a list: the REST protocol encodes each element by itself, which for a room of 10,000 was most
 * of the time.
 */
export const members = `${now}
for _, member in ipairs(redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', now)) do
  redis.call('ZREM', KEYS[1], member)
  redis.call('HDEL', KEYS[2], member)
end
local here = redis.call('ZRANGE', KEYS[1], 0, -1, 'WITHSCORES')
if #here == 0 then return '[[],[]]' end
return cjson.encode({here, redis.call('HGETALL', KEYS[2])})`;

/**
 * KEYS list. ARGV number of the first text, ttl in seconds, texts … → the next number, or -1 - length where there is a
 * gap
 */
export const append = `
local length = redis.call('LLEN', KEYS[1])
local first = tonumber(ARGV[1])
if first > length then return -1 - length end
for i = 3 + length - first, #ARGV do redis.call('RPUSH', KEYS[1], ARGV[i]) end
redis.call('EXPIRE', KEYS[1], ARGV[2])
return redis.call('LLEN', KEYS[1])`;
