---@meta supermetrics.core

-- The types of the C module for lua-language-server, and a source of `make docs`; no program needs this file to run.

--- The core alone, for hosts that ship no Lua file of this library: `require "supermetrics.core"`. Its functions
--- block, make one attempt and look no further; the module `supermetrics` retries, and finds out what became of a
--- write.
---
--- Backfills and Errors have the same fields as those of the module. Their methods, and `tostring(backfill)`, are in
--- Lua and are not there; `tostring(err)` is.
---@class supermetrics.core
--- The version of this library.
---@field _VERSION string
--- The names of all kinds of errors.
---@field error_kinds string[]
--- The names of the options that `core.client` takes.
---@field client_options string[]
--- The names of the overrides that one call takes.
---@field call_options string[]
--- Seconds for one attempt where no option says otherwise.
---@field default_timeout number
--- The metatable of Backfills, to which a host can add methods.
---@field Backfill table
--- The metatable of Errors, to which a host can add methods.
---@field Error table
--- The operations: each with its `name`, `method`, `writes` and `argument_count`.
---@field operations table[]
---@field private check function
---@field private check_request function
---@field private check_id function
---@field private digits function
---@field private now function
---@field private random function
---@field private parse_date function
local core = {}

--- The version of the libcurl that runs, such as `"8.14.1"`; it need not be the one that the core was built with.
---
---@return string
function core.libcurl_version() end

--- Cancels a backfill, with a client made from the environment at first use.
---
---@param team_id supermetrics.Id
---@param backfill_id supermetrics.Id
---@param overrides? table `timeout`, `token` (a string) and `headers`, as of a call of the module
---@return supermetrics.Backfill? backfill whose status is `CANCELLED`
---@return supermetrics.Error? err
---@return supermetrics.Response response
function core.cancel_backfill(team_id, backfill_id, overrides) end

--- Reads a backfill, with the same client.
---
---@param team_id supermetrics.Id
---@param backfill_id supermetrics.Id
---@param overrides? table as for `core.cancel_backfill`
---@return supermetrics.Backfill? backfill
---@return supermetrics.Error? err
---@return supermetrics.Response response
function core.get_backfill(team_id, backfill_id, overrides) end

--- Reads the newest backfill of a transfer, with the same client.
---
---@param team_id supermetrics.Id
---@param transfer_id supermetrics.Id
---@param overrides? table as for `core.cancel_backfill`
---@return supermetrics.Backfill? backfill
---@return supermetrics.Error? err
---@return supermetrics.Response response
function core.get_latest_backfill(team_id, transfer_id, overrides) end

--- Lists the backfills of a team that are `CREATED`, `SCHEDULED`, `RUNNING` or `FAILED`, with the same client.
---
---@param team_id supermetrics.Id
---@param overrides? table as for `core.cancel_backfill`
---@return supermetrics.Backfill[]? backfills
---@return supermetrics.Error? err
---@return supermetrics.Response response
function core.list_incomplete_backfills(team_id, overrides) end

--- Creates a backfill, with the same client.
---
---@param team_id supermetrics.Id
---@param transfer_id supermetrics.Id
---@param range_start string first day, `YYYY-MM-DD`
---@param range_end string last day, included
---@param overrides? table as for `core.cancel_backfill`
---@return supermetrics.Backfill? backfill
---@return supermetrics.Error? err
---@return supermetrics.Response response
function core.create_backfill(team_id, transfer_id, range_start, range_end, overrides) end

--- Makes a client of its own.
---
---@param options? table those of `supermetrics.new` that `core.client_options` names
---@return supermetrics.CoreClient client
function core.client(options) end

--- A client of the core: requests in flight on connections of its own, driven by whoever polls it.
---@class supermetrics.CoreClient
local client = {}

--- Puts an operation in flight and returns at once.
---
---     local call = client:start("get_backfill", 12345, 1003, {timeout = 5})
---     while client:poll(1) > 0 do end
---     local backfill, err, response = call:result()
---
---@param operation string such as `cancel_backfill`
---@param ... any its arguments, and after them the overrides, if any
---@return supermetrics.Call call
function client:start(operation, ...) end

--- Puts an operation in flight and drives it for at most so long, in one step.
---
--- Where the call is still in flight by then, value and error are both nil. Where there is no value, the Call comes
--- along, and the moment at which it began, by the clock of `core.now`.
---
---@param seconds number
---@param operation string such as `cancel_backfill`
---@param ... any its arguments, and after them the overrides, if any
---@return any value
---@return supermetrics.Error? err
---@return supermetrics.Response? response
---@return supermetrics.Call? call
---@return number? began
function client:perform(seconds, operation, ...) end

--- The same as `start` for any path under the base URL. The call's value is the decoded body, or true where there is
--- none.
---
---@param method supermetrics.Method
---@param path string
---@param body? table|string a table, which is sent as JSON, or JSON text
---@param overrides? table as for `core.cancel_backfill`
---@return supermetrics.Call call
function client:start_request(method, path, body, overrides) end

--- Drives every call in flight, and waits at most so long for something to happen. With 0 it never waits, and neither
--- does a client with nothing in flight.
---
---@param seconds? number 0 where it is left out
---@return integer count of the calls that are still in flight
function client:poll(seconds) end

--- The same, but it waits also where nothing is in flight.
---
---@param seconds? number 0 where it is left out
---@return integer count of the calls that are still in flight
function client:wait(seconds) end

--- How many calls are in flight; drives nothing.
---
---@return integer count
function client:in_flight() end

--- Seconds until something is due that no answer brings about, such as the end of a timeout. Who looks at the calls in
--- flight from time to time sees by it when to look at the latest.
---
---@return number? seconds nothing where nothing is due
function client:next_due() end

--- How many calls have ended so far, whether their results were read or not; drives nothing. Who waits for many calls
--- sees by it whether there is anything new to look for.
---
---@return integer count
function client:ended_count() end

--- Closes the connections; calls in flight end as `aborted`.
function client:close() end

--- A request in flight, or what became of it.
---@class supermetrics.Call
local call = {}

--- What came of the call: nothing at all while it is in flight, and the same at every call afterwards.
---
---@return any value
---@return supermetrics.Error? err
---@return supermetrics.Response? response
function call:result() end

--- Ends the call, where it is still in flight, as `aborted`. An answer that has come stays as it is.
function call:abort() end

--- What was asked for, such as `PATCH /teams/12345/backfills/1003`.
---
---@return string
function call:request() end

return core
