--- Cancelling many backfills with one call.

local attempts = require "supermetrics.attempts"
local batch = require "supermetrics.batch"
local client = require "supermetrics.client"
local core = require "supermetrics.core"
local gate = require "supermetrics.gate"
local misuse = require "supermetrics.misuse"
local options = require "supermetrics.options"
local outcome = require "supermetrics.outcome"

---@class supermetrics.Client
local methods = client.methods
local operations = client.operations

local CONCURRENCY = 10
local LIST_SIZE = 100 -- the list of the API shows no more, and takes no paging

-- Checks the ids of a list.
-- @return a copy of it, since a hook may change the user's; and for each that stands in it again, where it stood first
local function read_ids(function_name, team_id, ids)
  misuse.guard(core.check_id, function_name, "team_id", team_id)
  if type(ids) ~= "table" then
    misuse.raise(("%s: ids must be a list, got a %s"):format(function_name, type(ids)))
  end
  local copy, first_of, repeats = {}, {}, {}
  for index = 1, #ids do
    copy[index] = ids[index]
    -- The name is made only where a message needs it.
    local digits = core.digits(ids[index])
      or misuse.guard(core.check_id, function_name, ("ids[%d]"):format(index), ids[index])
    repeats[index] = first_of[digits]
    first_of[digits] = first_of[digits] or index
  end
  for key in pairs(ids) do
    if type(key) ~= "number" or key < 1 or key > #ids or key % 1 ~= 0 then
      misuse.raise(("%s: ids must be a list without holes, got the key %s"):format(function_name, tostring(key)))
    end
  end
  return copy, repeats
end

local function check_call_part(name, given, ...)
  return client.check_arguments(name, options.for_core(core.call_options, given), ...)
end

-- Whether nothing has a say in a first attempt, as in client.lua: it can then do without Attempts.
local function is_plain(self, given, ends)
  local settings = self.settings
  return not (ends or settings.token or settings.on_attempt or type(given.token) == "function")
end

-- Makes the function(id, waiter) that cancels one of many.
-- @return Backfill, nil, response or nil, Error, response
local function new_cancel(self, team_id, given, ends, shared)
  local operation, plain = operations.cancel_backfill, is_plain(self, given, ends)
  local for_core = options.for_core(core.call_options, given)
  for_core = next(for_core) and for_core
  return function(id, waiter)
    local arguments = {team_id, id, for_core}
    local began, call
    if plain and shared:is_open() then
      began, call = waiter.now(), operation.start(self.core, arguments, for_core)
      local backfill, _, response = waiter:for_call(call)
      if backfill then
        self.budget:give_back()
        return backfill, nil, response
      end
    end
    local tried = attempts.new(self, operation, arguments, given, waiter, ends, shared)
    local backfill, err, response
    if call then
      backfill, err, response = tried:go_on(call, began)
    else
      backfill, err, response = tried:run()
    end
    if err then
      return outcome.of_cancel(tried, operations.get_backfill, err, response, false)
    end
    return backfill, nil, response
  end
end

-- Cancels every id and puts what became of it into `results`, a table {id, backfill, err, response} each. Those that
-- `repeats` has an entry for are left out.
local function cancel_all(self, team_id, ids, repeats, given, results, ends, shared)
  local cancel = new_cancel(self, team_id, given, ends, shared)
  local first = #results
  batch.run(client.new_waiter(self), self.core, #ids, given.concurrency or CONCURRENCY, function(index, waiter)
    if repeats[index] then
      return
    end
    local backfill, err, response = cancel(ids[index], waiter)
    local result = {id = ids[index], backfill = backfill, err = err, response = response}
    results[first + index] = result
    if backfill then
      results.cancelled = results.cancelled + 1
    else
      results.failed = results.failed + 1
    end
    if given.on_result then
      given.on_result(result, first + index)
    end
  end)
  results.stopped_by = shared.refusal
end

local function new_results()
  return {cancelled = 0, failed = 0}
end

local function ends_of(self, given)
  local deadline = given.deadline or self.settings.deadline
  return deadline and self.clockwork.now() + deadline
end

--- Cancels many backfills at once, over one set of connections. One failure stops nobody; a refusal of the key (401,
--- 403) ends those that were not sent yet as `aborted`, and a 429 makes all of them wait together.
---
---@param team_id supermetrics.Id
---@param ids supermetrics.Id[] one that stands in it twice is cancelled once
---@param given? supermetrics.BatchOptions the options
---@return supermetrics.Results results in the order of the ids
function methods:cancel_backfills(team_id, ids, given)
  client.check_self(self)
  given = options.check("cancel_backfills", options.of.batch, given)
  local asked, repeats = read_ids("cancel_backfills", team_id, ids)
  check_call_part("cancel_backfill", given, team_id, asked[1] or 1)
  local results = new_results()
  cancel_all(self, team_id, asked, repeats, given, results, ends_of(self, given), gate.new(self.clockwork.now))
  for index, first in pairs(repeats) do
    results[index] = results[first]
  end
  return results
end

-- ---- all that are incomplete ----

local INCOMPLETE = {CREATED = true, SCHEDULED = true, RUNNING = true, FAILED = true}

local function check_status(status)
  if status == nil then
    return INCOMPLETE
  end
  local wanted = {}
  for _, name in ipairs(type(status) == "table" and status or {status}) do
    if not INCOMPLETE[name] then
      misuse.raise("cancel_incomplete_backfills: option 'status' must be CREATED, SCHEDULED, RUNNING or FAILED, or a "
        .. "list of them, got " .. tostring(name))
    end
    wanted[name] = true
  end
  if not next(wanted) then
    misuse.raise("cancel_incomplete_backfills: option 'status' must not be an empty list")
  end
  return wanted
end

-- Those backfills of a list that are wanted and have not been tried, which are noted as tried.
local function choose(list, wanted, transfer_id, tried)
  local chosen = {}
  for _, backfill in ipairs(list) do
    local id = core.digits(backfill.transfer_backfill_id)
    local is_wanted = id and wanted[backfill.status]
      and (not transfer_id or core.digits(backfill.transfer_id) == transfer_id)
    if is_wanted and not tried[id] then
      tried[id] = true
      chosen[#chosen + 1] = backfill
    end
  end
  return chosen
end

local function list_incomplete(self, team_id, given, ends)
  return attempts.new(self, operations.list_incomplete_backfills, {team_id}, given, client.new_waiter(self), ends)
    :run()
end

-- One pass over a list.
local function cancel_chosen(self, team_id, chosen, given, results, ends, shared)
  local ids = {}
  for index, backfill in ipairs(chosen) do
    ids[index] = backfill.transfer_backfill_id
  end
  cancel_all(self, team_id, ids, {}, given, results, ends, shared)
end

--- Cancels all backfills of a team that are `CREATED`, `SCHEDULED`, `RUNNING` or `FAILED`. The service lists 100 at a
--- time, so it lists again while the list was full and showed one that was not tried yet; no backfill is tried twice.
---
--- In a dry run each `backfill` of the results is as it was listed, and the first 100 are all that the service shows.
--- Where a list could not be had, that is the error, and `err.results` are those that were there before.
---
---@param team_id supermetrics.Id
---@param given? supermetrics.IncompleteOptions the options
---@return supermetrics.Results? results as of `cancel_backfills`
---@return supermetrics.Error? err why a list could not be had
---@return supermetrics.Response? response of the list, after a dry run or an error
function methods:cancel_incomplete_backfills(team_id, given)
  client.check_self(self)
  local name = "cancel_incomplete_backfills"
  given = options.check(name, options.of.incomplete, given)
  misuse.guard(core.check_id, name, "team_id", team_id)
  local transfer_id = given.transfer_id ~= nil
    and misuse.guard(core.check_id, name, "option 'transfer_id'", given.transfer_id) or nil
  local wanted = check_status(given.status)
  check_call_part("list_incomplete_backfills", given, team_id)

  local results, tried = new_results(), {}
  local ends, shared = ends_of(self, given), gate.new(self.clockwork.now)
  repeat
    local list, err, response = list_incomplete(self, team_id, given, ends)
    if err then
      err.results = results
      return nil, err, response
    end
    local chosen = choose(list, wanted, transfer_id, tried)
    if given.dry_run then
      for index, backfill in ipairs(chosen) do
        results[index] = {id = backfill.transfer_backfill_id, backfill = backfill, response = response}
      end
      results.dry_run = true
      return results, nil, response
    end
    cancel_chosen(self, team_id, chosen, given, results, ends, shared)
    -- A pass whose backfills were all refused goes on too: they may have ended meanwhile, and left the list to others.
    local may_be_more = #list >= LIST_SIZE and #chosen > 0 and not results.stopped_by
  until not may_be_more
  return results
end

return methods
