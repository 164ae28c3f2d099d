--- A sandbox, a client of it, and what each of the two has counted.

local client_module = require "supermetrics.client"
local core = require "supermetrics.core"
local cqueues = require "cqueues"
local sandbox = require "spec.support.sandbox"
local skipping_clockwork = require "spec.support.skipping_clockwork"

local house = {}

local House = {}
House.__index = House
House.__name = "spec.soak.house"

function House:__tostring()
  return ("%s of %s"):format(House.__name, tostring(self.sandbox))
end

house.OPERATIONS = {"get_backfill", "cancel_backfill", "create_backfill", "get_latest_backfill",
  "list_incomplete_backfills"}

-- Seconds: of one attempt, less than a stall of the plan takes; and for the sandbox to read what was sent to it.
local TIMEOUT = 1
local SETTLING = 10

local BACKFILLS = 200

local function zeros()
  local counts = {}
  for _, name in ipairs(house.OPERATIONS) do
    counts[name] = 0
  end
  return counts
end

--- Starts one.
-- @param options table: `tls`; `concurrency`, how many calls of a batch are in flight at once. On HTTP/2 a cut ends all
--   of them, read or not, so that only with one at a time both sides can know the same.
function house.start(options)
  local self = setmetatable({
    sandbox = sandbox.start{tls = options.tls},
    concurrency = options.concurrency,
    days = 0,
    sent = zeros(), sent_again = zeros(), counted = zeros(),
    created = 0, perhaps_created = 0, applied_creates = 0, struck = 0, requests = 0,
  }, House)
  self.on_attempt = function(attempt)
    self:note_attempt(attempt)
  end
  -- What cqueues needs for the soak's own connections to wait: now, before anything is measured.
  cqueues.sleep(0)
  return self
end

-- client:request is of the operation that its method and path make it.
local function operation_of(attempt)
  if attempt.operation ~= "request" then
    return attempt.operation
  end
  return attempt.method == "GET" and "get_backfill" or "cancel_backfill"
end

function House:note_attempt(attempt)
  local name = operation_of(attempt)
  self.round_sent[name] = self.round_sent[name] + 1
  if attempt.kind == "network" then
    self.round_broken[name] = self.round_broken[name] + 1
  end
end

--- A client; the caller closes it.
function House:new_client()
  return client_module.new({
    api_key = self.sandbox.api_key,
    base_url = self.sandbox.base_url,
    ca_file = self.sandbox.ca_file,
    timeout = TIMEOUT,
    on_attempt = self.on_attempt,
  }, skipping_clockwork.new())
end

--- Closes the client, and makes another.
function House:renew_client()
  self:close_client()
  self.client = self:new_client()
end

function House:close_client()
  if self.client then
    self.client:close()
    self.client = nil
  end
end

--- The id of some backfill.
function House:id()
  self.id_index = self.id_index % #self.ids + 1
  return self.ids[self.id_index]
end

--- A day that no backfill of this round has, twice: the first and the last of a range.
function House:free_day()
  self.days = self.days + 1
  local day = ("%04d-%02d-%02d"):format(2000 + math.floor(self.days / 336), math.floor(self.days / 28) % 12 + 1,
    self.days % 28 + 1)
  return day, day
end

--- Begins anew: the sandbox's world, and the faults that will strike.
function House:begin_round(faults)
  self.sandbox:reset()
  self.ids = self.sandbox:add_backfills{count = BACKFILLS}
  self.id_index, self.days = 0, 0
  self.sandbox:faults(faults)
  self.faults = faults
  self.round_sent, self.round_broken = zeros(), zeros()
end

-- How many of the faults struck, and how many of those cut the connection without a byte.
local function count_struck(faults, counted)
  local struck, cuts = 0, zeros()
  for _, fault in ipairs(faults) do
    if fault.requests[1] <= counted[fault.operation] then
      struck = struck + 1
      cuts[fault.operation] = cuts[fault.operation] + (fault.drop and 1 or 0)
    end
  end
  return struck, cuts
end

-- libcurl sends a read again by itself where a kept-alive connection was cut before the first byte of an answer. Each
-- cut of the latest backfill is either that or an error of the kind network, which nothing else makes of that
-- operation.
local function count_sent_again(self, cuts)
  local again = zeros()
  again.get_latest_backfill = cuts.get_latest_backfill - self.round_broken.get_latest_backfill
  return again
end

local function sums(self, counted)
  local struck, cuts = count_struck(self.faults, counted)
  local again = count_sent_again(self, cuts)
  local is_equal = true
  for _, name in ipairs(house.OPERATIONS) do
    is_equal = is_equal and self.round_sent[name] + again[name] == counted[name]
  end
  return is_equal, struck, again
end

--- Adds up what both sides counted. A request whose client did not wait for the answer may still be read: that is
-- waited for.
function House:end_round()
  local ends = core.now() + SETTLING
  local statistics, is_equal, struck, again
  repeat
    statistics = self.sandbox:statistics()
    is_equal, struck, again = sums(self, statistics.by_operation)
  until is_equal or core.now() > ends
  for _, name in ipairs(house.OPERATIONS) do
    self.sent[name] = self.sent[name] + self.round_sent[name]
    self.sent_again[name] = self.sent_again[name] + again[name]
    self.counted[name] = self.counted[name] + statistics.by_operation[name]
  end
  self.struck = self.struck + struck
  self.requests = self.requests + statistics.requests
  self.applied_creates = self.applied_creates + statistics.applied.create_backfill
end

--- Ends the sandbox.
function House:stop()
  self.sandbox:stop()
end

--- The counts of several houses, added up.
function house.totals(houses)
  local totals = {sent = zeros(), sent_again = zeros(), counted = zeros(), created = 0, perhaps_created = 0,
    applied_creates = 0, struck = 0, requests = 0}
  for _, one in ipairs(houses) do
    for field, total in pairs(totals) do
      if type(total) == "table" then
        for name, count in pairs(one[field]) do
          total[name] = total[name] + count
        end
      else
        totals[field] = total + one[field]
      end
    end
  end
  return totals
end

return house
