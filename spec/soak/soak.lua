-- A long run of mixed calls, one request of a hundred struck by a fault, against two sandboxes: one in the clear with
-- HTTP/1.1, one over TLS with HTTP/2. Usage: soak.lua CALLS [SEED]
--
-- It fails where the sandboxes counted other requests than the clients sent, where a create was made twice or lost,
-- where resident memory at the end is over 1 MiB more than after the first 10,000 calls, or where a descriptor is left.

require "supermetrics.cancelling"
local failure = require "supermetrics.error"
local house = require "spec.soak.house"
local meter = require "spec.soak.meter"
local plan = require "spec.soak.plan"

local CALLS = assert(tonumber(arg[1]), "soak.lua CALLS [SEED]")
local SEED = tonumber(arg[2]) or os.time() % 2147483646 + 1
local WARM_CALLS = 10000
local MOST_GROWTH = 1024 -- KiB
local CALLS_PER_ROUND = 1000
local ROUNDS_PER_CLIENT = 10
local TEAM = 12345

assert(CALLS > WARM_CALLS, "a soak takes over 10,000 calls: those are only the start of it")

local chance = plan.new(SEED)
local began = os.time()

-- ---- the calls: each returns how many of the library's it made ----

local calls = {}
local kinds = {}

local function note(value, err)
  assert((value == nil) ~= (err == nil), "neither a value nor an error")
  if err then
    assert(failure.is_error(err) and #tostring(err) > 0)
    kinds[err.kind] = (kinds[err.kind] or 0) + 1
  end
  return 1
end

local function backfill_path(id)
  return ("/teams/%d/backfills/%d"):format(TEAM, id)
end

function calls.get(client, at)
  return note(client:get_backfill(TEAM, at:id()))
end

function calls.get_unknown(client)
  return note(client:get_backfill(TEAM, 999999))
end

function calls.get_with_a_bad_key(client, at)
  return note(client:get_backfill(TEAM, at:id(), {token = "a_key_that_nobody_has"}))
end

function calls.latest(client)
  return note(client:get_latest_backfill(TEAM, chance:one_of{501, 502, 503, 504, 505}))
end

function calls.list(client)
  return note(client:list_incomplete_backfills(TEAM))
end

function calls.request(client, at)
  return note(client:request("GET", backfill_path(at:id()), nil, {headers = {["X-Soak"] = "yes"}}))
end

function calls.request_patch(client, at)
  return note(client:request("PATCH", backfill_path(at:id()), {status = "CANCELLED"}))
end

function calls.cancel(client, at)
  return note(client:cancel_backfill(TEAM, at:id()))
end

function calls.cancel_with_a_reading_key(client, at)
  return note(client:cancel_backfill(TEAM, at:id(), {token = "sandbox_read_only_key"}))
end

function calls.ensure(client, at)
  return note(client:ensure_backfill_cancelled(TEAM, at:id()))
end

function calls.create(client, at)
  local backfill, err = client:create_backfill(TEAM, 504, at:free_day())
  at.created = at.created + (backfill and 1 or 0)
  at.perhaps_created = at.perhaps_created + (err and err.outcome == "unknown" and 1 or 0)
  return note(backfill, err)
end

function calls.batch(client, at)
  local ids = {at:id(), 1003, at:id(), 999999, at:id()}
  local results = client:cancel_backfills(TEAM, ids, {concurrency = at.concurrency})
  for _, result in ipairs(results) do
    note(result.backfill, result.err)
  end
  return #ids
end

function calls.client_for_one_call(_, at)
  local client = at:new_client()
  local count = calls.get(client, at)
  client:close()
  return count
end

-- ---- the run ----

local function run_round(at, most)
  at:begin_round(chance:faults())
  local made = 0
  while made < most do
    made = made + calls[chance:call()](at.client, at)
  end
  at:end_round()
  return made
end

local descriptors_before
local resident_warm, resident_most = nil, 0

local function note_resident(done)
  local resident = meter.resident_kibibytes()
  resident_most = math.max(resident_most, resident)
  if not resident_warm and done >= WARM_CALLS then
    resident_warm = resident
  end
  return resident
end

local function run(plain, encrypted)
  local done, round, next_line = 0, 0, CALLS / 10
  while done < CALLS do
    local at = round % 10 == 9 and encrypted or plain
    if round % ROUNDS_PER_CLIENT == 0 then
      plain:renew_client()
    end
    -- The first part ends on its last call, for the memory to be looked at there.
    local until_mark = done < WARM_CALLS and WARM_CALLS - done or CALLS - done
    done = done + run_round(at, math.min(CALLS_PER_ROUND, until_mark))
    round = round + 1
    local resident = note_resident(done)
    if done >= next_line then
      print(("%8d calls, %5d s, %d KiB resident"):format(done, os.time() - began, resident))
      io.stdout:flush()
      next_line = next_line + CALLS / 10
    end
  end
  return done
end

local failed = false

local function check(holds, text)
  print((holds and "ok      " or "FAILED  ") .. text)
  failed = failed or not holds
end

local function report_counts(houses)
  local totals = house.totals(houses)
  for _, name in ipairs(house.OPERATIONS) do
    local sent, counted, again = totals.sent[name], totals.counted[name], totals.sent_again[name]
    check(sent + again == counted, ("%s: the clients sent %d%s, the sandboxes counted %d"):format(name, sent,
      again > 0 and (" and libcurl %d again"):format(again) or "", counted))
  end
  local made = totals.applied_creates
  check(totals.created <= made and made <= totals.created + totals.perhaps_created,
    ("creates that took effect: %d; the clients were told of %d, and of %d that they may have"):format(made,
      totals.created, totals.perhaps_created))
  print(("faults that struck: %d of %d requests"):format(totals.struck, totals.requests))
  check(totals.struck >= totals.requests * 0.008, "about one request of a hundred was struck")
end

local function report_kinds()
  local names = {}
  for kind, count in pairs(kinds) do
    names[#names + 1] = ("%s %d"):format(kind, count)
  end
  table.sort(names)
  print("errors that the calls returned: " .. table.concat(names, ", "))
end

print(("soak: %d calls, seed %d, %s"):format(CALLS, SEED, rawget(_G, "jit") and jit.version or _VERSION))
local plain, encrypted = house.start{concurrency = 5}, house.start{tls = true, concurrency = 1}
descriptors_before = meter.descriptors()
plain:renew_client()
encrypted:renew_client()
local done = run(plain, encrypted)
local resident_end = note_resident(done)
plain:close_client()
encrypted:close_client()
local descriptors_after = meter.descriptors()

report_kinds()
report_counts{plain, encrypted}
check(resident_end - resident_warm <= MOST_GROWTH, ("resident memory: %d KiB after the first %d calls, %d KiB at the "
  .. "end: %+d KiB (%d allowed); at most %d KiB"):format(resident_warm, WARM_CALLS, resident_end,
  resident_end - resident_warm, MOST_GROWTH, resident_most))
check(descriptors_after == descriptors_before, ("descriptors: %d before, %d after"):format(descriptors_before,
  descriptors_after))
print(("%d calls in %d s"):format(done, os.time() - began))
plain:stop()
encrypted:stop()
os.exit(failed and 1 or 0)
