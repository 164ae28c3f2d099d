-- `make install`, into an empty tree; what is installed runs with nothing of the checkout on its path.

local process = require "spec.support.process"
local sandbox = require "spec.support.sandbox"

local RUNTIME = process.own_interpreter():match("[^/]+$")
local VERSION = _VERSION:match("%d%.%d")

local function output_of(command)
  local pipe = assert(io.popen(command .. " 2>&1", "r"))
  local output = pipe:read("*a")
  pipe:close()
  return output
end

local function make(target, tree)
  return output_of(("make SETUP=no RUNTIME=%s %s DESTDIR=%s PREFIX=/usr"):format(RUNTIME, target, tree))
end

local PROGRAM = [[
local supermetrics = require "supermetrics"
local backfill, err = supermetrics.cancel_backfill(12345, 1003)
print(backfill or err)
print(package.loaded["supermetrics.core"] and debug.getinfo(supermetrics.new, "S").source)
]]

describe("make install", function()
  local tree, service

  setup(function()
    tree = output_of("mktemp -d"):match("^[^\n]+")
    service = sandbox.start()
  end)

  teardown(function()
    service:stop()
    output_of("rm -rf " .. tree)
  end)

  it("installs what cancels a backfill without the checkout, and uninstalls all of it", function()
    assert.truthy(make("install", tree):find("installed for Lua " .. VERSION, 1, true))
    local share, lib = tree .. "/usr/share/lua/" .. VERSION, tree .. "/usr/lib/lua/" .. VERSION
    local exit_code, output = process.start({"sh", "-c", 'cd / && exec "$@"', "sh", RUNTIME, "-e", PROGRAM}, {
      LUA_PATH = share .. "/?.lua;" .. share .. "/?/init.lua;;",
      LUA_CPATH = lib .. "/?.so;;",
      SUPERMETRICS_BASE_URL = service.base_url,
      SUPERMETRICS_API_KEY = service.api_key,
    }, {stderr = "stdout"}):wait()
    assert.equal(0, exit_code, output)
    assert.truthy(output:find("^backfill 1003 of transfer 502: CANCELLED, 2024%-01%-01 to 2024%-01%-31"), output)
    assert.truthy(output:find("\n@" .. share .. "/supermetrics/client.lua\n", 1, true), output)
    make("uninstall", tree)
    assert.equal("", output_of(("find %s -type f"):format(tree)))
  end)
end)
