-- What the command takes, refuses and says of itself.

local command = require "spec.support.command"
local description = require "supermetrics.command.description"
local exit_codes = require "supermetrics.command.exit_codes"
local process = require "spec.support.process"
local sandbox = require "spec.support.sandbox"
local supermetrics = require "supermetrics"

local unpack = table.unpack or unpack -- luacheck: ignore

local KEY = "sandbox_full_access_key"

describe("supermetrics-backfill, its arguments:", function()
  local service, cli

  setup(function()
    service = sandbox.start()
    cli = command.new(service)
  end)

  teardown(function()
    service:stop()
  end)

  before_each(function()
    service:reset()
  end)

  -- Refused as wrong usage, with one line on the standard error.
  local function assert_usage(expected, ...)
    local exit_code, stdout, stderr = cli:run(...)
    assert.same({2, ""}, {exit_code, stdout}, stderr)
    assert.truthy(stderr:find("^supermetrics%-backfill: [^\n]+\n$"), stderr)
    assert.truthy(stderr:find(expected, 1, true), stderr)
  end

  it("refuses what it does not know, with a sentence and exit code 2", function()
    for expected, words in pairs{
      ["a command is required"] = {},
      ["unknown command 'cancle' Did you mean 'cancel'?"] = {"cancle", "12345"},
      ["missing argument 'TEAM'"] = {"list"},
      ["missing argument 'ID'"] = {"cancel", "12345"},
      ["missing argument 'END'"] = {"create", "12345", "505", "2024-06-01"},
      ["too many arguments"] = {"get", "12345", "1003", "1004"},
      ["unknown option '--jsn'"] = {"get", "12345", "1003", "--jsn"},
      ["'--status' must be one of 'CREATED', 'SCHEDULED', 'RUNNING', 'FAILED'"] =
        {"cancel-all", "12345", "--status", "COMPLETED"},
      ['--concurrency: it takes a whole number from 1 to 1000, not "0"'] =
        {"cancel", "12345", "1003", "--concurrency", "0"},
      ['--timeout: it takes a number of seconds greater than 0, not "soon"'] =
        {"wait", "12345", "1003", "--timeout", "soon"},
    } do
      assert_usage(expected, unpack(words))
    end
    assert.equal(0, service:statistics().requests)
  end)

  it("puts what the library refuses into its own words, without a file name", function()
    for expected, words in pairs{
      ['get: TEAM must be an integer from 1 to 9223372036854775807 or its decimal string, got "0"\n'] =
        {"get", "0", "1003"},
      ['get: ID must be an integer from 1 to 9223372036854775807 or its decimal string, got "9223372036854775808"\n'] =
        {"get", "12345", "9223372036854775808"},
      ['latest: TRANSFER must be an integer'] = {"latest", "12345", "1e3"},
      ['cancel: ID must be an integer'] = {"cancel", "12345", "1003", "last", "--yes"},
      ['cancel: ID must be'] = {"cancel", "12345", "a.lua:1: b", "--dry-run"},
      ['cancel-all: --transfer must be an integer'] = {"cancel-all", "12345", "--transfer", "x", "--dry-run"},
      ['create: END must be a day of the calendar as YYYY-MM-DD, got "2024-06-31"\n'] =
        {"create", "12345", "505", "2024-06-01", "2024-06-31"},
      ['wait: ID must be'] = {"wait", "12345", "-"},
      ['get: --attempt-timeout must be a number of seconds greater than 0 and at most 86400, got 90000\n'] =
        {"get", "12345", "1003", "--attempt-timeout", "90000"},
      ['get: --base-url must begin with https://'] = {"get", "12345", "1003", "--base-url", "http://example.org"},
    } do
      assert_usage(expected, unpack(words))
    end
    assert.equal(0, service:statistics().requests)
    local _, _, stderr = cli:run("get", "12345", "1003", "--base-url", "http://example.org")
    assert.is_nil(stderr:find("allow_insecure_http", 1, true))
  end)

  it("takes no key as an argument, says why not, and does not repeat it", function()
    for _, words in ipairs{{"--api-key", KEY}, {"--api-key=" .. KEY}, {"--token", KEY}, {"--key=" .. KEY}} do
      assert_usage("a key is never an argument", "get", "12345", "1003", unpack(words))
      local _, _, stderr = cli:run("get", "12345", "1003", unpack(words))
      assert.is_nil(stderr:find(KEY, 1, true))
    end
  end)

  it("says so where there is no key", function()
    local exit_code, _, stderr = cli:with{SUPERMETRICS_API_KEY = ""}:run("get", "12345", "1003")
    assert.equal(2, exit_code)
    assert.equal("supermetrics-backfill: no key: set SUPERMETRICS_API_KEY, or name a file that holds it with "
      .. "--api-key-file\n", stderr)
  end)

  describe("--api-key-file", function()
    local path

    before_each(function()
      path = os.tmpname()
    end)

    after_each(function()
      os.remove(path)
    end)

    local function run_with(content)
      local file = assert(io.open(path, "wb"))
      file:write(content)
      file:close()
      return cli:with{SUPERMETRICS_API_KEY = "wrong"}:run("get", "12345", "1003", "--api-key-file", path)
    end

    it("takes the first line, with any kind of end, in place of the environment", function()
      for _, content in ipairs{KEY, KEY .. "\n", KEY .. "\r\n", KEY .. "\nsomething else\n"} do
        local exit_code, _, stderr = run_with(content)
        assert.equal(0, exit_code, stderr)
      end
    end)

    it("says what is wrong with a file, and nothing of what it holds", function()
      for content, reason in pairs{[""] = "its first line is empty", ["\n" .. KEY] = "its first line is empty",
        [KEY .. " and more"] = "the key must be printable ASCII without spaces"} do
        local exit_code, stdout, stderr = run_with(content)
        assert.same({2, ""}, {exit_code, stdout})
        assert.truthy(stderr:find(reason, 1, true), stderr)
        assert.is_nil(stderr:find(KEY, 1, true))
      end
      os.remove(path)
      local _, _, stderr = cli:run("get", "12345", "1003", "--api-key-file", path)
      assert.equal("supermetrics-backfill: cannot read a key from the file of --api-key-file: " .. path
        .. ": No such file or directory\n", stderr)
    end)
  end)

  it("makes one JSON document of wrong usage too", function()
    local exit_code, document, _, stderr = cli:json("get", "12345")
    assert.equal(2, exit_code)
    assert.equal("usage", document.error.kind)
    assert.equal("supermetrics-backfill: " .. document.error.message .. "\n", stderr)
    exit_code, document = cli:json("cancel", "12345", "0", "--yes")
    assert.same({2, "usage"}, {exit_code, document.error.kind})
  end)

  it("shows its help, its version and its man page on the standard output", function()
    local exit_code, help, stderr = cli:run("--help")
    assert.same({0, ""}, {exit_code, stderr})
    for _, row in ipairs(description.commands) do
      assert.truthy(help:find("   " .. row.name .. " ", 1, true), row.name)
    end
    for _, row in ipairs(exit_codes.meanings) do
      assert.truthy(help:find(("\n   %-4d%s\n"):format(row[1], row[2]), 1, true), row[2])
    end
    for line in help:gmatch("[^\n]+") do
      assert.is_true(#line <= 80, line)
    end
    assert.equal(help, select(2, cli:run("-h")))
    assert.same({0, "supermetrics-backfill " .. supermetrics._VERSION .. "\n", ""}, {cli:run("--version")})
    assert.truthy(select(2, cli:run("--manual")):find('^%.TH SUPERMETRICS\\%-BACKFILL 1 '))
  end)

  it("shows the help of each command, also beside what is wrong", function()
    for _, row in ipairs(description.commands) do
      local exit_code, help = cli:run(row.name, "--help")
      assert.equal(0, exit_code)
      assert.truthy(help:find("^Usage: supermetrics%-backfill " .. row.name:gsub("%-", "%%-") .. " "), help)
      for _, option in ipairs(row.options or {}) do
        assert.truthy(help:find("   " .. option.name, 1, true), option.name)
      end
    end
    assert.equal(0, (cli:run("get", "0", "--help")))
  end)

  it("takes the options for every command before and behind its name", function()
    assert.equal(0, (cli:with{SUPERMETRICS_BASE_URL = ""}:run("--base-url", service.base_url, "get", "12345", "1003")))
    assert.equal(0, (cli:with{SUPERMETRICS_BASE_URL = ""}:run("get", "12345", "1003", "--base-url", service.base_url)))
  end)

  it("is a function for who requires it, and keeps the file of that program out of its sentences", function()
    local program = 'os.exit(require("supermetrics.command"){"get", "0", "1003"})'
    local exit_code, output = process.start({process.own_interpreter(), "-e", program}, cli.environment,
      {stderr = "stdout"}):wait()
    assert.equal(2, exit_code)
    assert.truthy(output:find("^supermetrics%-backfill: get: TEAM must be an integer"), output)
  end)
end)
