local answers = require "spec.support.answers"
local core = require "supermetrics.core"
local process = require "spec.support.process"
local scripted_server = require "spec.support.scripted_server"
local supermetrics = require "supermetrics"

-- The functions of the module read the environment, so each spec here is a program of its own.
local function run(environment, program)
  local command = {"env", "-u", "SUPERMETRICS_API_KEY", "-u", "SUPERMETRICS_BASE_URL"}
  for name, value in pairs(environment) do
    command[#command + 1] = name .. "=" .. value
  end
  for _, word in ipairs{process.own_interpreter(), "-e", program} do
    command[#command + 1] = word
  end
  local exit_code, output = process.start(command, nil, {stderr = "stdout"}):wait()
  return output, exit_code
end

local THREE_LINES = [[
local supermetrics = require "supermetrics"
local backfill, err = supermetrics.cancel_backfill(12345, 67890)
print(backfill or err)
]]

local CORE_ONLY = [[
local core = require "supermetrics.core"
for name in pairs(package.loaded) do
  assert(name == "supermetrics.core" or not name:find("^supermetrics"), name)
end
local backfill, err = core.cancel_backfill(12345, 67890)
print(backfill and backfill.status or err)
]]

describe("supermetrics module", function()
  local server

  setup(function()
    server = scripted_server.start()
  end)

  teardown(function()
    server:stop()
  end)

  local function environment(changes)
    local variables = {SUPERMETRICS_API_KEY = "key_of_the_environment", SUPERMETRICS_BASE_URL = server:base_url()}
    for name, value in pairs(changes or {}) do
      variables[name] = value or nil
    end
    return variables
  end

  it("cancels in three lines, with the key and the address from the environment", function()
    server:script{answers.backfill()}
    assert.equal("backfill 67890 of transfer 456789: CANCELLED, 2024-01-01 to 2024-01-31, 27 of 31 runs ended, 2 of "
      .. "them failed\n", (run(environment(), THREE_LINES)))
    assert.equal("Bearer key_of_the_environment", server:requests()[1].headers.authorization)
  end)

  it("says in three lines what went wrong", function()
    server:script{answers.error(404, "NOT_FOUND")}
    assert.equal("cancel_backfill: not_found (HTTP 404 NOT_FOUND): The message: The description. "
      .. "[PATCH /teams/12345/backfills/67890, request_id request-2]\n", (run(environment(), THREE_LINES)))
  end)

  it("makes one default client for all of its functions", function()
    server:script{answers.backfill()}
    local output = run(environment(), [[
      local supermetrics = require "supermetrics"
      for _ = 1, 3 do
        assert(supermetrics.cancel_backfill(12345, 67890))
        assert(supermetrics.get_backfill(12345, 67890, {timeout = 5}))
      end
      print "done"]])
    assert.equal("done\n", output)
    assert.equal(6, #server:requests())
    assert.equal(1, (server:connections()))
  end)

  it("loads the files of batches and of waiting at the first call, of the module as of a client", function()
    server:script{answers.backfill()}
    local output = run(environment(), [[
      local supermetrics = require "supermetrics"
      assert(not package.loaded["supermetrics.cancelling"] and not package.loaded["supermetrics.waiting"])
      assert(supermetrics.cancel_backfills(12345, {67890}).cancelled == 1)
      assert(supermetrics.new():wait_for_backfill(12345, 67890).status == "CANCELLED")
      print(pcall(supermetrics.cancel_incomplete_backfills, 0))]])
    assert.truthy(output:find("^false\t.-cancel_incomplete_backfills: team_id must be an integer"), output)
  end)

  it("works in C alone, with no Lua file of the library loaded", function()
    server:script{answers.backfill()}
    assert.equal("CANCELLED\n", (run(environment(), CORE_ONLY)))
    server:script{answers.error(422, "UNPROCESSABLE_ENTITY")}
    assert.truthy(run(environment(), CORE_ONLY):find("^cancel_backfill: unprocessable %(HTTP 422 "))
  end)

  for _, row in ipairs{
    {"a missing key", {SUPERMETRICS_API_KEY = false}, "there is no API key: pass the option 'api_key' or set the "
      .. "environment variable SUPERMETRICS_API_KEY"},
    {"an empty key", {SUPERMETRICS_API_KEY = ""}, "the environment variable 'SUPERMETRICS_API_KEY' must not be empty"},
    {"a key with a line break", {SUPERMETRICS_API_KEY = "SECRET\n"}, "the environment variable "
      .. "'SUPERMETRICS_API_KEY' must be printable ASCII without spaces: has it a line break at its end?"},
    {"plain http to elsewhere", {SUPERMETRICS_BASE_URL = "http://192.0.2.1/v1"}, "the base_url must begin with https"},
    {"an empty address", {SUPERMETRICS_BASE_URL = ""}, "the base_url must be"},
  } do
    it("refuses " .. row[1] .. " in the environment, before anything is sent", function()
      server:script{answers.backfill()}
      for _, program in ipairs{THREE_LINES, CORE_ONLY} do
        local output, exit_code = run(environment(row[2]), program)
        assert.equal(1, exit_code)
        assert.truthy(output:find("supermetrics: " .. row[3], 1, true), output)
        assert.is_nil(output:find("SECRET", 1, true))
      end
      assert.equal(0, (server:connections()))
    end)
  end

  it("takes settings from arguments and its two variables, and from nowhere else", function()
    server:script{answers.backfill()}
    local output = run(environment{http_proxy = "http://127.0.0.1:1", ALL_PROXY = "http://127.0.0.1:1",
      HTTPS_PROXY = "http://127.0.0.1:1", HOME = "/nowhere"}, THREE_LINES)
    assert.truthy(output:find("CANCELLED", 1, true), output)
  end)

  it("leaves the host's settings of lua-cjson alone, and is not touched by them", function()
    server:script{answers.backfill{extra = "[[[1]]]"}}
    local output = run(environment(), [==[
      local cjson = require "cjson"
      cjson.decode_max_depth(2)
      local supermetrics = require "supermetrics"
      print((supermetrics.get_backfill(12345, 67890)).extra[1][1][1])
      print(pcall(cjson.decode, "[[[1]]]"))
      print(cjson.decode_max_depth())]==])
    assert.truthy(output:find("^1%.?0?\nfalse.*\n2\n$"), output)
  end)

  it("says its version, in one place", function()
    assert.truthy(supermetrics._VERSION:find("^%d+%.%d+%.%d+$"))
    assert.equal(core._VERSION, supermetrics._VERSION)
  end)

  it("leaves no global behind", function()
    local output = run(environment(), [[
      local before = {}
      for name in pairs(_G) do before[name] = true end
      require "supermetrics"
      for name in pairs(_G) do if not before[name] then print(name) end end]])
    assert.equal("", output)
  end)
end)
