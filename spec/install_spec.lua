-- `make install`, into an empty tree; what is installed runs with nothing of the checkout on its path. `make rockspec`.

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

local function make(target, tree, prefix)
  return output_of(("make SETUP=no RUNTIME=%s %s DESTDIR=%s PREFIX='%s'"):format(RUNTIME, target, tree,
    prefix or "/usr"))
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

  it("installs a command that runs from any folder under any prefix, with its man page", function()
    local prefix = tree .. "/its own place"
    make("install", "", prefix)
    local command = prefix .. "/bin/supermetrics-backfill"
    local exit_code, output = process.start({"sh", "-c", 'cd / && unset LUA_PATH LUA_CPATH && exec "$@"', "sh", "env",
      command, "cancel", "12345", "1002", "--yes"}, {
      SUPERMETRICS_BASE_URL = service.base_url,
      SUPERMETRICS_API_KEY = service.api_key,
    }, {stderr = "stdout"}):wait()
    assert.equal(0, exit_code, output)
    assert.truthy(output:find("\n1002      CANCELLED  501 ", 1, true), output)
    local page = output_of(("cat '%s/share/man/man1/supermetrics-backfill.1'"):format(prefix))
    assert.truthy(page:find("^%.TH SUPERMETRICS\\%-BACKFILL 1 "), page)
    make("uninstall", "", prefix)
    assert.equal("", output_of(("find '%s' -type f"):format(prefix)))
  end)
end)

describe("make rockspec", function()
  local function load_rockspec(path)
    local file = assert(io.open(path, "r"))
    local text = file:read("*a")
    file:close()
    local fields = {}
    local chunk = assert((loadstring or load)(text, path, "t", fields)) -- luacheck: ignore
    if setfenv then -- luacheck: ignore
      setfenv(chunk, fields) -- luacheck: ignore
    end
    chunk()
    return fields
  end

  it("makes a released rockspec of the scm one, with all that is in it", function()
    local folder = output_of("mktemp -d"):match("^[^\n]+")
    finally(function()
      output_of("rm -rf " .. folder)
    end)
    local version = require("supermetrics")._VERSION:match("%d+%.%d+%.%d+$")
    local path = ("%s/supermetrics-%s-1.rockspec"):format(folder, version)
    assert.equal(path .. "\n", output_of(".ci/rockspec " .. folder .. " git+https://localhost/supermetrics.git"))
    local expected, released = load_rockspec("supermetrics-scm-1.rockspec"), load_rockspec(path)
    expected.version = version .. "-1"
    expected.source = {url = "git+https://localhost/supermetrics.git", tag = "v" .. version}
    assert.same(expected, released)
  end)

  it("does not guess where the source is", function()
    for _, url in ipairs{"", "supermetrics.git"} do
      local output = output_of("make SETUP=no rockspec SOURCE_URL=" .. url)
      assert.truthy(output:find("where is the released source? make rockspec SOURCE_URL=", 1, true), output)
    end
  end)
end)
