-- The annotations against what the library really has. What is missing on either side fails here: a function, an
-- option, a kind of error, a field.

local answers = require "spec.support.answers"
local client_module = require "supermetrics.client"
local core = require "supermetrics.core"
local failure = require "supermetrics.error"
local options = require "supermetrics.options"
local reference = require "docs.reference"
local reference_pages = require "docs.reference.pages"
local slowness = require "spec.support.slowness"
local sandbox = require "spec.support.sandbox"
local scripted_server = require "spec.support.scripted_server"
local supermetrics = require "supermetrics"
-- Methods whose files are loaded at their first call.
require "supermetrics.cancelling"
require "supermetrics.waiting"

local model = reference.model()

local function sorted(set)
  local names = {}
  for name in pairs(set) do
    names[#names + 1] = name
  end
  table.sort(names)
  return names
end

local function names_of(list)
  local set = {}
  for _, entry in ipairs(list) do
    set[entry.name] = true
  end
  return sorted(set)
end

local function class(short)
  return assert(model.classes["supermetrics." .. short], short)
end

-- The names of a class's fields, with those of the classes that it extends.
local function field_names(short, keep)
  local set, current = {}, class(short)
  while current do
    for _, field in ipairs(current.fields) do
      if not field.is_private and (not keep or keep(field)) then
        set[field.name] = true
      end
    end
    current = model.classes[current.parent]
  end
  return sorted(set)
end

-- The strings that an alias lists.
local function values(short)
  local list = {}
  for _, entry in ipairs(model.aliases["supermetrics." .. short].values) do
    list[#list + 1] = entry.value:match('^"(.*)"$')
  end
  table.sort(list)
  return list
end

-- The names of all keys that any of the tables has.
local function keys(tables)
  local set = {}
  for _, each in ipairs(tables) do
    for name in pairs(each) do
      set[name] = true
    end
  end
  return set
end

local function read_file(path)
  local file = assert(io.open(path, "r"))
  local text = file:read("*a")
  file:close()
  return text
end

local function each_function(visit)
  for _, name in ipairs(model.names) do
    for _, method in ipairs(model.classes[name] and model.classes[name].methods or {}) do
      visit(method, name)
    end
  end
end

describe("the annotations", function()
  local function functions_in(container)
    local set = {}
    for name, value in pairs(container) do
      set[name] = type(value) == "function" and true or nil
    end
    return sorted(set)
  end

  it("have each function of the module, and no other", function()
    local others = {}
    for name, value in pairs(supermetrics) do
      others[name] = type(value) ~= "function" and true or nil
    end
    assert.same(functions_in(supermetrics), names_of(model.classes.supermetrics.methods))
    assert.same(sorted(others), names_of(model.classes.supermetrics.fields))
  end)

  it("have each method of a client, a Backfill and an Error, and no other", function()
    assert.same(functions_in(client_module.methods), names_of(class("Client").methods))
    assert.same(functions_in(core.Backfill.__index), names_of(class("Backfill").methods))
    assert.same(functions_in(core.Error.__index), names_of(class("Error").methods))
  end)

  -- The methods of a userdata, of which only the metatable knows.
  local function methods_of(userdata)
    return functions_in(debug.getmetatable(userdata).__index)
  end

  it("have all that the core has, and no more", function()
    local names = {}
    for _, list in ipairs{class("core").methods, class("core").fields} do
      for _, entry in ipairs(list) do
        names[entry.name] = true
      end
    end
    assert.same(sorted(core), sorted(names))
    local client = core.client{api_key = "key_of_the_reference_spec", base_url = "http://127.0.0.1:9/"}
    finally(function()
      client:close()
    end)
    assert.same(methods_of(client), names_of(class("CoreClient").methods))
    assert.same(methods_of(client:start("get_backfill", 1, 2)), names_of(class("Call").methods))
    for _, operation in ipairs(core.operations) do
      local found
      for _, method in ipairs(class("core").methods) do
        found = found or method.name == operation.name and method
      end
      assert.equal(operation.argument_count + 1, #found.parameters, operation.name)
    end
  end)

  it("have the parameters that each function has, in their order", function()
    local count = 0
    local function check(described, name)
      local documented = {}
      for index, parameter in ipairs(described.parameters) do
        documented[index] = parameter.name
      end
      assert.same(described.source_parameters, documented, name)
      count = count + 1
    end
    each_function(check)
    for _, name in ipairs{"client.new", "failure.is_error"} do
      check(model.functions[name], name)
    end
    check(model.returned["lua/supermetrics/sleep/luv.lua"], "supermetrics.sleep.luv")
    assert.truthy(count > 25, count)
  end)

  it("have as many parameters as the functions that run", function()
    local has_counts = debug.getinfo(1, "u").nparams ~= nil -- not on Lua 5.1
    local function check(described, running, name)
      assert.equal("function", type(running), name)
      local info = debug.getinfo(running, has_counts and "Su" or "S")
      assert.equal("@./" .. described.file, (info.source:gsub("^@lua/", "@./lua/")), name)
      if has_counts then
        assert.equal(#described.parameters + (described.separator == ":" and 1 or 0), info.nparams, name)
      end
    end
    local running = {["supermetrics.Client"] = client_module.methods, ["supermetrics.Backfill"] = core.Backfill.__index,
      ["supermetrics.Error"] = core.Error.__index}
    each_function(function(method, name)
      if running[name] then -- the others are declared only: init.lua makes those of the module, and the core is in C
        check(method, running[name][method.name], method.name)
      end
    end)
    assert.equal(client_module.new, supermetrics.new)
    assert.equal(failure.is_error, supermetrics.is_error)
    check(model.functions["client.new"], client_module.new, "new")
    check(model.functions["failure.is_error"], failure.is_error, "is_error")
  end)

  it("declare the functions of the module as the methods that they call", function()
    local function types_of(list, count)
      local types = {}
      for index = 1, count or #list do
        types[index] = {list[index].name or false, list[index].type, list[index].is_optional or false}
      end
      return types
    end
    for _, declared in ipairs(model.classes.supermetrics.methods) do
      local described = reference_pages.described(model, declared.name)
      local count = #described.parameters - (declared.name == "new" and 1 or 0) -- clockwork is for specs
      assert.same(types_of(described.parameters, count), types_of(declared.parameters), declared.name)
      assert.same(types_of(described.returns), types_of(declared.returns), declared.name)
    end
  end)

  it("have each option of each place, all of them optional, and no other", function()
    local places = {client = "ClientOptions", call = "CallOptions", batch = "BatchOptions",
      incomplete = "IncompleteOptions", wait = "WaitOptions"}
    assert.same(sorted(options.of), sorted(places))
    for place, short in pairs(places) do
      assert.same(sorted(options.of[place].rows), field_names(short), short)
      assert.same({}, field_names(short, function(field) return not field.is_optional end), short)
    end
    for _, name in ipairs(core.client_options) do
      assert.truthy(options.of.client.rows[name], name)
    end
    for _, name in ipairs(core.call_options) do
      assert.truthy(options.of.call.rows[name], name)
    end
  end)

  it("have each kind of error, and no other", function()
    local kinds = {}
    for index, kind in ipairs(core.error_kinds) do
      kinds[index] = kind
    end
    table.sort(kinds)
    assert.same(kinds, values("ErrorKind"))
  end)

  it("have the kinds that the Lua layer sets itself", function()
    local kinds, count = {}, 0
    for _, kind in ipairs(core.error_kinds) do
      kinds[kind] = true
    end
    local function check(path, pattern)
      for kind in read_file(path):gmatch(pattern) do
        assert.truthy(kinds[kind], path .. ": " .. kind)
        count = count + 1
      end
    end
    check("lua/supermetrics/waiting.lua", 'kind = "([^"]+)"')
    check("lua/supermetrics/gate.lua", 'new_error%(attempts, "([^"]+)"')
    assert.equal(4, count)
  end)

  it("have each method of a request, and no other", function()
    local _, message = pcall(core.check_request, "HEAD", "/teams")
    local methods = {}
    for method in message:match("must be (.-), got"):gmatch("%u+") do
      methods[#methods + 1] = method
    end
    table.sort(methods)
    assert.same(methods, values("Method"))
  end)

  it("have the statuses that the library tells apart", function()
    local cancellable = {}
    for _, status in ipairs(values("Status")) do
      local backfill = setmetatable({status = status}, core.Backfill)
      assert.truthy(backfill:is_cancellable() ~= backfill:is_finished(), status)
      cancellable[status] = backfill:is_cancellable() or nil
    end
    assert.same(sorted(cancellable), values("IncompleteStatus"))
  end)

  it("say something about every function, field and value", function()
    local function check(prose, name)
      assert.truthy(prose:find("%S"), name)
    end
    for _, name in ipairs(model.names) do
      local declared = model.classes[name] or model.aliases[name]
      if name ~= "supermetrics" then
        check(declared.prose, name)
      end
      for _, field in ipairs(declared.fields or {}) do
        check(field.is_private and "private" or field.prose, name .. "." .. field.name)
      end
      for _, value in ipairs(declared.values or {}) do
        check(value.prose, value.value)
      end
    end
    each_function(function(method, name)
      local described = name == "supermetrics" and reference_pages.described(model, method.name) or method
      check(described.prose, method.name)
    end)
  end)
end)

describe("the annotated fields are those that tables have:", function()
  local DROP = {{close = true}}
  local REFUSED = answers.error(422, "UNPROCESSABLE_ENTITY")
  local FORBIDDEN = answers.error(403, "ACCESS_DENIED")
  local NOT_FOUND = answers.error(404, "NOT_FOUND")
  local server, client, attempts

  setup(function()
    server = scripted_server.start()
  end)

  teardown(function()
    server:stop()
  end)

  before_each(function()
    attempts = {}
    client = supermetrics.new{api_key = "key_of_the_reference_spec", base_url = server:base_url(),
      timeout = 2 * slowness, max_attempts = 1, on_attempt = function(attempt) attempts[#attempts + 1] = attempt end}
  end)

  after_each(function()
    client:close()
  end)

  local function is_required(field)
    return not field.is_optional and field.name ~= "[integer]"
  end

  -- The tables have the fields that are annotated, between them all of them, and each of them those that are not
  -- optional.
  local function assert_fields(short, tables)
    local seen, declared = keys(tables), {}
    for _, name in ipairs(field_names(short)) do
      declared[name] = name ~= "[integer]" and true or nil
    end
    for name in pairs(seen) do
      seen[name] = type(name) == "string" and true or nil
    end
    assert.same(sorted(seen), sorted(declared), short)
    for _, name in ipairs(field_names(short, is_required)) do
      for index, each in ipairs(tables) do
        assert.truthy(rawget(each, name) ~= nil, ("%s %d has no %s"):format(short, index, name))
      end
    end
  end

  local function error_of(script, method, ...)
    server:script(script)
    local _, err = client[method](client, ...)
    return assert(err)
  end

  it("Error", function()
    local errors = {
      error_of({NOT_FOUND}, "cancel_backfill", 12345, 67890),
      error_of({answers.error(429, "TOO_MANY_REQUESTS", {["Retry-After"] = "3600"})}, "get_backfill", 12345, 67890),
      error_of({answers.json(500, "<html>")}, "get_backfill", 12345, 67890),
      error_of({REFUSED, answers.backfill{status = '"COMPLETED"'}}, "cancel_backfill", 12345, 67890),
      error_of({DROP, FORBIDDEN}, "cancel_backfill", 12345, 67890),
      error_of({FORBIDDEN}, "cancel_incomplete_backfills", 12345),
      error_of({answers.backfill{status = '"RUNNING"'}}, "wait_for_backfill", 12345, 67890, {timeout = 0.05}),
    }
    assert_fields("Error", errors)
    local outcomes = {}
    for _, err in ipairs(errors) do
      outcomes[err.outcome] = true
    end
    assert.same(values("Outcome"), sorted(outcomes))
  end)

  it("Response", function()
    server:script{answers.backfill(), DROP}
    local _, _, response = client:get_backfill(12345, 67890)
    assert.truthy(response.headers)
    local _, _, unanswered = client:get_backfill(12345, 67890)
    assert_fields("Response", {response, unanswered})
  end)

  it("Attempt", function()
    server:script{answers.backfill(), NOT_FOUND, DROP}
    for _ = 1, 3 do
      client:get_backfill(12345, 67890)
    end
    assert_fields("Attempt", attempts)
  end)

  it("Results and Result", function()
    server:script{answers.backfill(), FORBIDDEN}
    local results = client:cancel_backfills(12345, {67890, 67891}, {concurrency = 1})
    server:script{answers.json(200, '{"data":[' .. answers.backfill_json{status = '"RUNNING"'} .. "]}")}
    local listed = assert(client:cancel_incomplete_backfills(12345, {dry_run = true}))
    assert_fields("Results", {results, listed})
    assert_fields("Result", {results[1], results[2], listed[1]})
  end)

  it("Backfill and its failed runs, as the API describes them", function()
    local service = sandbox.start()
    finally(function()
      service:stop()
    end)
    local own = supermetrics.new{api_key = service.api_key, base_url = service.base_url}
    local running = assert(own:get_backfill(12345, 1004))
    local cancelled = assert(own:cancel_backfill(12345, 1004))
    own:close()
    assert_fields("Backfill", {running, cancelled})
    assert_fields("FailedRun", running.error_report)
  end)

  -- What no spec above may have brought about.
  it("all that the sources set", function()
    local declared = {}
    for _, short in ipairs{"Error", "Response", "Backfill"} do
      for _, name in ipairs(field_names(short)) do
        declared[name] = true
      end
    end
    local count = 0
    local function check(path, pattern)
      for name in read_file(path):gmatch(pattern) do
        assert.truthy(declared[name], ("%s sets %s, which no annotation has"):format(path, name))
        count = count + 1
      end
    end
    for _, name in ipairs{"error", "answer", "response", "call"} do
      check(("csrc/%s.c"):format(name), 'lua_setfield%(L, [%w_>%-]+, "(%l[%l_]*)"%)')
    end
    check("csrc/error.c", 'error_set_text%(L, "([%l_]+)"')
    check("csrc/backfill.c", '{"([%l_]+)", FIELD_')
    for _, name in ipairs{"attempts", "outcome", "waiting", "cancelling", "gate"} do
      check(("lua/supermetrics/%s.lua"):format(name), "%f[%w]err%.([%w_]+) = ")
      check(("lua/supermetrics/%s.lua"):format(name), "%f[%w]response%.([%w_]+) = ")
    end
    assert.truthy(count > 25, count)
  end)
end)
