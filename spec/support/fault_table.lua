--- The table of faults: what every operation makes of each, over real sockets. Spec files bring rows; this runs them.
--
--   fault_table.describe("faults of TLS:", {
--     {name = "…", kind = "tls", outcome = "not_applied", tls = {certificate = "expired"}, answer = fault_table.reply},
--   })
--
-- A row:
--   name           what the server does
--   kind, outcome  of the Error; the outcome is that of a write, since a read's is never unknown. Without a kind the
--                  call succeeds
--   script         what the server does, for every operation alike; see scripted_server
--   answer         function(body): the server's answer, made of the operation's own correct body
--   field, text    the correct body, with this JSON text in this field of the backfill; `kept`, what is read of it
--   redirects      status: the answer leads to another host
--   start          function that starts another server than the scripted one
--   tls            options of the scripted server's TLS; nil for plain HTTP
--   options        of the client
--   stalls         true where the fault ends by the client's patience alone: `options` limits it to SHORT seconds, and
--                  all operations wait at once
--   has_no_body    true where `request`, for which any body will do, succeeds with `true`

local answers = require "spec.support.answers"
local assert = require "luassert"
local busted = require "busted"
local core = require "supermetrics.core"
local scripted_server = require "spec.support.scripted_server"
local slowness = require "spec.support.slowness"

local fault_table = {
  --- Seconds that a client waits which is to lose patience: 0.2, and under a slow tool enough for its TLS handshakes.
  SHORT = 0.15 + 0.05 * slowness,
}

local KEY = "key_of_the_faults_spec"
local TIMEOUT = 10 * slowness -- seconds; only a fault that stalls gets so far, and those have a shorter one

local unpack = table.unpack or unpack -- luacheck: ignore

-- ---- operations ----

-- A short backfill: every byte of it is cut at, and dripped.
local SHORT_BACKFILL = {created_user_id = false, start_time = false, end_time = false, removed_time = false,
  removed_user_id = false, error_report = false}

--- The JSON of a backfill.
-- @param field string, name of a field that is to be another; or nil
-- @param text string, its JSON
function fault_table.backfill_with(field, text)
  local changes = {}
  for name, value in pairs(SHORT_BACKFILL) do
    changes[name] = value
  end
  if field then
    changes[field] = text
  end
  return answers.backfill_json(changes)
end

local function enveloped(json)
  return '{"meta":{"request_id":"request-1"},"data":' .. json .. "}"
end

local function listed(json)
  return enveloped("[" .. json .. "]")
end

local function same(value)
  return value
end

local function first(value)
  return value[1]
end

local function data(value)
  return value.data
end

--- All of them. `body` makes a correct answer's body of a backfill's JSON, `backfill` finds the backfill in the value.
fault_table.operations = {
  {name = "cancel_backfill", writes = true, arguments = {12345, 67890}, body = enveloped, backfill = same},
  {name = "get_backfill", arguments = {12345, 67890}, body = enveloped, backfill = same},
  {name = "get_latest_backfill", arguments = {12345, 456789}, body = enveloped, backfill = same},
  {name = "list_incomplete_backfills", arguments = {12345}, body = listed, backfill = first},
  {name = "create_backfill", writes = true, arguments = {12345, 456789, "2024-01-01", "2024-01-31"}, body = enveloped,
    backfill = same},
  {name = "request", takes_any_body = true, arguments = {"GET", "/teams/12345/backfills/67890"}, body = enveloped,
    backfill = data},
  {name = "request", takes_any_body = true, writes = true, arguments = {"PATCH", "/teams/12345/backfills/67890", "{}"},
    body = enveloped, backfill = data},
}

-- ---- answers ----

--- A correct answer with a body of JSON.
function fault_table.reply(body, headers)
  return answers.json(200, body, headers)
end

--- Bytes, and then the end of the connection.
function fault_table.raw(bytes)
  return {{send = bytes}, {close = true}}
end

-- ---- calls ----

local function start(operation, client)
  if operation.name == "request" then
    return client:start_request(unpack(operation.arguments, 1, 3))
  end
  return client:start(operation.name, unpack(operation.arguments))
end

local Table = {}
Table.__index = Table
Table.__name = "spec.support.fault_table"

function Table.__tostring()
  return Table.__name
end

local function server_name(tls)
  return tls and table.concat({tls.certificate or "trusted", tls.version or "any", tls.alpn and "h2"}, " ") or "plain"
end

--- The server of a row: one for all rows that share its TLS, or the row's own, which the caller stops.
function Table:server_of(row)
  if row.start then
    return row.start()
  end
  local name = server_name(row.tls)
  self.servers[name] = self.servers[name] or scripted_server.start{tls = row.tls}
  return self.servers[name]
end

local function begin(server, operation, options)
  local given = {api_key = KEY, base_url = server:base_url(), ca_file = server.ca_file, timeout = TIMEOUT}
  for name, value in pairs(options or {}) do
    given[name] = value
  end
  local client = core.client(given)
  return {client = client, call = start(operation, client)}
end

-- Drives a call for so many seconds; whether it has ended.
local function has_ended(begun, seconds)
  begun.client:poll(seconds)
  return select("#", begun.call:result()) > 0
end

function Table:result_of(begun)
  local value, err, response = begun.call:result()
  begun.client:close()
  self.seen[#self.seen + 1] = {value or err, response}
  return value, err, response
end

--- One call of an operation, with a client of its own.
-- @return value, err, response
function Table:call(server, operation, options)
  local begun = begin(server, operation, options)
  while not has_ended(begun, TIMEOUT) do end -- luacheck: ignore
  return self:result_of(begun)
end

function Table:script_of(row, operation)
  if row.script then
    return row.script
  elseif row.redirects then
    local location = self.elsewhere:base_url() .. "/elsewhere"
    return {scripted_server.head{status = row.redirects, headers = {Location = location, ["Content-Length"] = 0}}}
  elseif row.field then
    return {fault_table.reply(operation.body(fault_table.backfill_with(row.field, row.text)))}
  elseif row.answer then
    return {row.answer(operation.body(fault_table.backfill_with()))}
  end
end

-- ---- what must hold ----

local function name_of(operation)
  return operation.name == "request" and "request " .. operation.arguments[1] or operation.name
end

--- That a call failed as it must.
function fault_table.assert_failed(kind, outcome, operation, value, err, what)
  assert.is_nil(value, what)
  assert.equal(kind, err.kind, what .. ": " .. tostring(err))
  assert.equal(operation.writes and outcome or "not_applied", err.outcome, what .. ": " .. tostring(err))
end

local function assert_result(row, operation, value, err)
  local what = name_of(operation) .. ", " .. row.name
  if row.has_no_body and operation.takes_any_body then
    assert.is_true(value, what .. ": " .. tostring(err))
  elseif row.kind then
    fault_table.assert_failed(row.kind, row.outcome, operation, value, err, what)
  else
    assert.is_nil(err, what .. ": " .. tostring(err))
    assert.equal(row.kept, operation.backfill(value)[row.field or "note"], what)
  end
end

local TURN = 0.005 -- seconds

-- All of them in turns; a client is driven by its own calls only.
local function drive(begun)
  local all_ended
  repeat
    all_ended = true
    for _, one in ipairs(begun) do
      all_ended = has_ended(one, TURN) and all_ended
    end
  until all_ended
end

-- All operations lose patience side by side.
function Table:run_stalling(row)
  local server = self:server_of(row)
  if row.script then
    server:script(row.script)
  end
  local began, begun = core.now(), {}
  for index, operation in ipairs(fault_table.operations) do
    begun[index] = begin(server, operation, row.options)
  end
  drive(begun)
  for index, operation in ipairs(fault_table.operations) do
    assert_result(row, operation, self:result_of(begun[index]))
  end
  assert.truthy(core.now() - began < fault_table.SHORT + slowness, row.name)
  if row.start then
    server:stop()
  end
end

function Table:run(row)
  for _, operation in ipairs(fault_table.operations) do
    local server = self:server_of(row)
    local script = self:script_of(row, operation)
    if script then
      server:script(script)
    end
    local began = core.now()
    assert_result(row, operation, self:call(server, operation, row.options))
    assert.truthy(core.now() - began < TIMEOUT, name_of(operation) .. ", " .. row.name)
    if row.start then
      server:stop()
    end
  end
end

-- Looks for the key in all that was seen, at any depth; returns how many strings that were.
local function search_for_key(seen)
  local searched = {}
  local count = 0
  local function search(value)
    if type(value) == "table" then
      for name, inner in pairs(value) do
        search(name)
        search(inner)
      end
      search(tostring(value))
    elseif type(value) == "string" and not searched[value] then
      searched[value] = true
      count = count + 1
      assert.is_nil(value:find(KEY, 1, true))
    end
  end
  search(seen)
  return count
end

--- Runs rows, each against every operation; then looks whether anybody was followed, or the key was seen.
-- @param name of the block
-- @param rows list
-- @param more function(table), which adds an `it` of its own; or nil
function fault_table.describe(name, rows, more)
  busted.describe(name, function()
    local run = setmetatable({servers = {}, seen = {}}, Table)

    busted.setup(function()
      run.elsewhere = scripted_server.start()
    end)

    busted.teardown(function()
      run.elsewhere:stop()
      for _, server in pairs(run.servers) do
        server:stop()
      end
    end)

    for _, row in ipairs(rows) do
      local made_of_it = row.kind and "the kind " .. row.kind .. ", " .. row.outcome or "no error"
      busted.it(row.name .. " makes " .. made_of_it .. ", of every operation", function()
        if row.stalls then
          run:run_stalling(row)
        else
          run:run(row)
        end
      end)
    end

    if more then
      more(run)
    end

    busted.it("nobody was followed anywhere, and the key is in nothing that came of all this", function()
      assert.equal(0, (run.elsewhere:connections()))
      assert.truthy(#run.seen >= #rows * #fault_table.operations)
      assert.truthy(search_for_key(run.seen) > #run.seen)
    end)
  end)
end

return fault_table
