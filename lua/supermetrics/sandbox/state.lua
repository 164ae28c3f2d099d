--- The rules of the sandbox: what becomes of transfers and their backfills. No I/O and no clock of its own, so the
-- same calls on the same world always give the same answers.
--
-- Ids are decimal strings (see supermetrics.sandbox.identifier). What the rules refuse is `nil, refusal`, a row of
-- supermetrics.sandbox.refusals.

local calendar = require "supermetrics.sandbox.calendar"
local identifier = require "supermetrics.sandbox.identifier"
local progress = require "supermetrics.sandbox.progress"
local refusals = require "supermetrics.sandbox.refusals"
local sample = require "supermetrics.sandbox.sample"

local state = {}

local methods = {}
local metatable = {__index = methods, __name = "supermetrics.sandbox.state"}

-- Statuses that nothing can change any more.
local FINAL = {COMPLETED = true, CANCELLED = true}

-- Statuses of a backfill that is still to do something: no other may have days of its range.
local ACTIVE = {CREATED = true, SCHEDULED = true, RUNNING = true}

-- The API's limit for a list.
local LONGEST_LIST = 100

-- Where the sandbox begins with the ids that it hands out.
local FIRST_NEW_ID = 3001

-- A hundred years: the sandbox keeps a table for every run.
local LONGEST_RANGE = 36525

-- Before SCHEDULED no run has been created.
local WITHOUT_RUNS = {CREATED = true}

local WHOLE_FIELDS = {
  "transfer_backfill_id", "transfer_id", "range_start_date", "range_end_date", "created_time", "created_user_id",
  "removed_time", "removed_user_id", "start_time", "end_time", "status",
}

local function copy(fields)
  local result = {}
  for name, value in pairs(fields) do
    result[name] = value
  end
  return result
end

local function set_of(list)
  local set = {}
  for _, value in ipairs(list) do
    set[value] = true
  end
  return set
end

local function load_backfill(self, row)
  local backfill = copy(row)
  backfill.team_id = assert(self.transfers[row.transfer_id], "a backfill of an unknown transfer").team_id
  backfill.runs = progress.runs(row.range_start_date, row.range_end_date, row.layout or {})
  backfill.runs_created = WITHOUT_RUNS[row.status] and 0 or #backfill.runs
  if row.status == "CANCELLED" then
    progress.cancel_pending_runs(backfill)
  end
  self.backfills[row.transfer_backfill_id] = backfill
end

--- Makes a state from the rows of a world, which stay as they are.
-- @param world table like supermetrics.sandbox.world
-- @param clock function that returns seconds since 1970-01-01T00:00:00Z
-- @return state; raises where the world does not hold together
function state.new(world, clock)
  local self = setmetatable({
    clock = clock,
    advanced_seconds = 0,
    teams = set_of(world.teams),
    transfers = {},
    backfills = {},
    next_id = FIRST_NEW_ID,
  }, metatable)
  for _, row in ipairs(world.transfers) do
    assert(self.teams[row.team_id], "a transfer of an unknown team")
    self.transfers[row.transfer_id] = copy(row)
  end
  for _, row in ipairs(world.backfills) do
    load_backfill(self, row)
  end
  return self
end

function metatable:__tostring()
  return ("%s at %s"):format(metatable.__name, self:timestamp())
end

--- The time in this world: that of the clock, and what it has been advanced by.
-- @return number of seconds since 1970-01-01T00:00:00Z
function methods:time()
  return self.clock() + self.advanced_seconds
end

--- The same time.
-- @return string as the API writes it
function methods:timestamp()
  return calendar.timestamp(self:time())
end

--- Lets time pass: runs start and end, and with them backfills.
-- @param seconds number, not negative; parts of a tick add up over calls
function methods:advance(seconds)
  local target = self.advanced_seconds + seconds
  local tick = math.floor(self.advanced_seconds / progress.TICK_SECONDS) + 1
  while tick * progress.TICK_SECONDS <= target do
    self.advanced_seconds = tick * progress.TICK_SECONDS
    local timestamp = self:timestamp()
    for _, backfill in pairs(self.backfills) do
      progress.tick(backfill, timestamp)
    end
    tick = tick + 1
  end
  self.advanced_seconds = target
end

local function find_transfer(self, team_id, transfer_id)
  local transfer = self.transfers[transfer_id]
  if not transfer or transfer.team_id ~= team_id then
    return nil, refusals.new("transfer_unknown")
  end
  return transfer
end

local function find_backfill(self, team_id, backfill_id)
  local backfill = self.backfills[backfill_id]
  if not backfill or backfill.team_id ~= team_id then
    return nil, refusals.new("backfill_unknown")
  end
  if backfill.always_fails then
    return nil, refusals.new("service_failed")
  end
  return backfill
end

-- What the API shows of a backfill: a table of its own, which the world's next move does not change.
local function shown(backfill)
  local result = {error_report = {}}
  for _, name in ipairs(WHOLE_FIELDS) do
    result[name] = backfill[name]
  end
  result.transfer_runs_total = #backfill.runs
  result.transfer_runs_created = backfill.runs_created
  result.transfer_runs_completed = progress.count(backfill, "completed")
  result.transfer_runs_failed = progress.count(backfill, "failed")
  for _, run in ipairs(backfill.runs) do
    if run.state == "failed" then
      table.insert(result.error_report, {transfer_run_date = run.date, error = run.failure})
    end
  end
  return result
end

--- A backfill of a team.
-- @param team_id decimal string
-- @param backfill_id decimal string
-- @return table with the wire's field names, or nil and the refusal
function methods:get_backfill(team_id, backfill_id)
  local backfill, refusal = find_backfill(self, team_id, backfill_id)
  if not backfill then
    return nil, refusal
  end
  return shown(backfill)
end

--- Cancels a backfill: runs that have not begun never will, runs at work finish, the record stays.
-- @param team_id decimal string
-- @param backfill_id decimal string
-- @param user_id decimal string, who cancels
-- @return table with the wire's field names, or nil and the refusal
function methods:cancel_backfill(team_id, backfill_id, user_id)
  local backfill, refusal = find_backfill(self, team_id, backfill_id)
  if not backfill then
    return nil, refusal
  end
  if FINAL[backfill.status] then
    return nil, refusals.new("backfill_final", backfill.status)
  end
  local timestamp = self:timestamp()
  backfill.status = "CANCELLED"
  backfill.end_time = timestamp
  backfill.removed_time = timestamp
  backfill.removed_user_id = user_id
  progress.cancel_pending_runs(backfill)
  return shown(backfill)
end

-- By created_time, then by id: whoever creates several within a second still gets them in their order.
local function is_newer(first, second)
  if first.created_time ~= second.created_time then
    return first.created_time > second.created_time
  end
  return identifier.is_less(second.transfer_backfill_id, first.transfer_backfill_id)
end

--- The backfills of a team that are neither COMPLETED nor CANCELLED: newest first, and no more than the API's limit.
-- One on which the service fails is listed as any other.
-- @param team_id decimal string
-- @return list of tables with the wire's field names
function methods:list_incomplete_backfills(team_id)
  local incomplete = {}
  for _, backfill in pairs(self.backfills) do
    if backfill.team_id == team_id and not FINAL[backfill.status] then
      table.insert(incomplete, backfill)
    end
  end
  table.sort(incomplete, is_newer)
  local list = {}
  for index = 1, math.min(#incomplete, LONGEST_LIST) do
    list[index] = shown(incomplete[index])
  end
  return list
end

--- The newest backfill of a transfer, whatever its status.
-- @param team_id decimal string
-- @param transfer_id decimal string
-- @return table with the wire's field names, or nil and the refusal
function methods:get_latest_backfill(team_id, transfer_id)
  local transfer, refusal = find_transfer(self, team_id, transfer_id)
  if not transfer then
    return nil, refusal
  end
  local latest
  for _, backfill in pairs(self.backfills) do
    if backfill.transfer_id == transfer_id and (not latest or is_newer(backfill, latest)) then
      latest = backfill
    end
  end
  if not latest then
    return nil, refusals.new("transfer_without_backfill")
  end
  return self:get_backfill(team_id, latest.transfer_backfill_id)
end

local function next_id(self)
  local id
  repeat
    id = ("%d"):format(self.next_id)
    self.next_id = self.next_id + 1
  until not self.backfills[id]
  return id
end

local function overlapping(self, transfer_id, first_date, last_date)
  for _, backfill in pairs(self.backfills) do
    if backfill.transfer_id == transfer_id and ACTIVE[backfill.status]
      and backfill.range_start_date <= last_date and first_date <= backfill.range_end_date then
      return backfill
    end
  end
  return nil
end

local function check_range(first_date, last_date)
  if not calendar.day_number(first_date) then
    return nil, refusals.new("date_invalid", "range_start")
  elseif not calendar.day_number(last_date) then
    return nil, refusals.new("date_invalid", "range_end")
  elseif first_date > last_date then
    return nil, refusals.new("range_reversed")
  elseif calendar.day_number(last_date) - calendar.day_number(first_date) >= LONGEST_RANGE then
    return nil, refusals.new("range_too_long", tostring(LONGEST_RANGE))
  end
  return true
end

--- Creates a backfill. It stays CREATED until time is told to pass.
-- @param team_id decimal string
-- @param transfer_id decimal string
-- @param first_date string
-- @param last_date string
-- @param user_id decimal string, who creates
-- @return table with the wire's field names, or nil and the refusal
function methods:create_backfill(team_id, transfer_id, first_date, last_date, user_id)
  local ok, refusal = check_range(first_date, last_date)
  if not ok then
    return nil, refusal
  end
  ok, refusal = find_transfer(self, team_id, transfer_id)
  if not ok then
    return nil, refusal
  end
  local other = overlapping(self, transfer_id, first_date, last_date)
  if other then
    return nil, refusals.new("range_taken", other.transfer_backfill_id)
  end
  local created_time = self:timestamp()
  local id = next_id(self)
  load_backfill(self, {
    transfer_backfill_id = id,
    transfer_id = transfer_id,
    status = "CREATED",
    range_start_date = first_date,
    range_end_date = last_date,
    created_time = created_time,
    created_user_id = user_id,
  })
  return shown(self.backfills[id])
end

--- Puts made-up backfills into the world, for a rehearsal that needs many. Their ranges may overlap.
-- @param team_id decimal string
-- @param transfer_id decimal string
-- @param count number
-- @param status string, any of the six
-- @return list of their ids, in order; or nil and the refusal
function methods:add_backfills(team_id, transfer_id, count, status)
  local transfer, refusal = find_transfer(self, team_id, transfer_id)
  if not transfer then
    return nil, refusal
  end
  local timestamp = self:timestamp()
  local ids = {}
  for index = 1, count do
    local row = sample.row(status, timestamp)
    row.transfer_backfill_id = next_id(self)
    row.transfer_id = transfer_id
    load_backfill(self, row)
    ids[index] = row.transfer_backfill_id
  end
  return ids
end

return state
