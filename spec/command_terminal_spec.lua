-- supermetrics-backfill at a terminal: the question, colours, the bar, and Ctrl-C.

local command = require "spec.support.command"
local connection = require "supermetrics.command.connection"
local process = require "spec.support.process"
local pseudo_terminal = require "spec.support.pseudo_terminal"
local sandbox = require "spec.support.sandbox"
local stop = require "supermetrics.command.stop"

local ESCAPE = "\27"

describe("supermetrics-backfill at a terminal", function()
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

  local function status_of(backfill_id)
    return service:get(backfill_id).json.data.status
  end

  describe("asks before it cancels", function()
    local QUESTION = "Cancel backfill 1003 of team 12345? [y/N] "

    local function answer(typed)
      local person = cli:at_terminal("cancel", "12345", "1003")
      person:wait_for(QUESTION)
      assert.equal(0, service:statistics().requests)
      person:type(typed)
      return person:wait()
    end

    it("and cancels after a yes", function()
      for _, yes in ipairs{"y", "Y", "yes"} do
        service:reset()
        local exit_code, screen = answer(yes .. "\n")
        assert.equal(0, exit_code, screen)
        assert.equal("CANCELLED", status_of(1003))
      end
    end)

    it("and does nothing after anything else, or without an answer", function()
      for _, no in ipairs{"n\n", "\n", "yess\n", "\4"} do
        local exit_code, screen = answer(no)
        assert.equal(10, exit_code)
        assert.truthy(screen:find("\nsupermetrics-backfill: not confirmed, nothing was cancelled\r\n", 1, true), screen)
      end
      assert.equal("RUNNING", status_of(1003))
    end)

    it("and ends at Ctrl-C, on a line of its own", function()
      local exit_code, screen = answer("\3")
      assert.equal(130, exit_code)
      assert.truthy(screen:find("\r\nsupermetrics%-backfill: interrupted\r\n$"), screen)
      assert.equal("RUNNING", status_of(1003))
    end)

    -- Otherwise a Ctrl-C between the two would end neither.
    it("with the last of the question from whoever reads the answer", function()
      local program = 'io.popen = function() end os.exit(require("supermetrics.command"){"cancel", "12345", "1003"})'
      local words = {process.own_interpreter(), "-e", program}
      local exit_code, screen = pseudo_terminal.start(words, cli.environment):wait()
      assert.equal(10, exit_code, screen)
      assert.is_nil(screen:find("[y/N]", 1, true))
    end)

    it("but not where --yes says so, nor in vain", function()
      local exit_code, screen = cli:at_terminal("cancel", "12345", "1003", "--yes"):wait()
      assert.equal(0, exit_code)
      assert.is_nil(screen:find("[y/N]", 1, true))
      for _, words in ipairs{{"cancel", "12345", "0"}, {"cancel", "12345", "1003", "--base-url", "nowhere"}} do
        exit_code, screen = cli:at_terminal((table.unpack or unpack)(words)):wait() -- luacheck: ignore
        assert.equal(2, exit_code)
        assert.is_nil(screen:find("[y/N]", 1, true))
      end
    end)

    it("naming all of them", function()
      local person = cli:at_terminal("cancel", "12345", "1003", "1002")
      person:wait_for("Cancel 2 backfills (1003, 1002) of team 12345? [y/N] ")
      person:type("n\n")
      assert.equal(10, (person:wait()))
    end)

    it("showing all that cancel-all has found", function()
      local person = cli:at_terminal("cancel-all", "12345", "--transfer", "502", "--json")
      local screen = person:wait_for("[y/N] ")
      assert.truthy(screen:find("\n1003      502       RUNNING  2024-01-01 to 2024-01-31  25 of 31  ", 1, true), screen)
      assert.truthy(screen:find("\nCancel all incomplete backfills of transfer 502 of team 12345, now the 2 above? ", 1,
        true), screen)
      person:type("n\n")
      local exit_code
      exit_code, screen = person:wait()
      assert.equal(10, exit_code)
      assert.truthy(screen:find('\n{"error":{"kind":"declined","message":"not confirmed, nothing was cancelled"', 1,
        true), screen)
      person = cli:at_terminal("cancel-all", "12345", "--status", "FAILED", "--status", "RUNNING", "--transfer", "502")
      person:wait_for("Cancel all FAILED or RUNNING backfills of transfer 502 of team 12345, now the 2 above? ")
      person:type("y\n")
      assert.equal(0, (person:wait()))
      assert.equal("CANCELLED", status_of(1003))
    end)
  end)

  describe("uses colour", function()
    local function screen_of(variables, ...)
      local exit_code, screen = cli:with(variables):at_terminal(...):wait()
      assert.equal(0, exit_code)
      return screen
    end

    it("in tables", function()
      local screen = screen_of({}, "list", "12345")
      assert.truthy(screen:find(ESCAPE .. "[1mBACKFILL" .. ESCAPE .. "[0m             ", 1, true), screen)
      assert.truthy(screen:find("  504       " .. ESCAPE .. "[33mRUNNING" .. ESCAPE .. "[0m    2024-", 1, true), screen)
      assert.truthy(screen_of({}, "get", "12345", "1003"):find(ESCAPE .. "[33mRUNNING", 1, true))
    end)

    it("but not with NO_COLOR, for a dumb terminal, with --json or in a pipe", function()
      for _, variables in ipairs{{NO_COLOR = "1"}, {TERM = "dumb"}, {TERM = ""}} do
        assert.is_nil(screen_of(variables, "list", "12345"):find(ESCAPE, 1, true))
      end
      assert.is_nil(screen_of({}, "list", "12345", "--json"):find(ESCAPE, 1, true))
      assert.is_nil(select(2, cli:run("list", "12345")):find(ESCAPE, 1, true))
    end)
  end)

  describe("shows a bar", function()
    it("while it waits, which goes away", function()
      local person = cli:at_terminal("wait", "12345", "1003")
      person:wait_for("\r[########################------] RUNNING, 25 of 31 runs ended")
      service:advance(24 * 3600)
      local exit_code, screen = person:wait()
      assert.equal(0, exit_code)
      assert.truthy(screen:find("\r%[##############################%] COMPLETED, 31 of 31 runs ended\r +\r"
        .. "backfill    1003\r\n"), screen)
    end)

    it("while it cancels", function()
      local exit_code, screen = cli:at_terminal("cancel-all", "12345", "--transfer", "504", "--yes"):wait()
      assert.equal(0, exit_code)
      assert.truthy(screen:find("^\r%[%-+%] 0 of 2 done\r%[#+%-+%] 1 of 2 done\r%[#+%] 2 of 2 done\r +\r"), screen)
    end)

    it("but lines on a dumb terminal, and nothing with --quiet", function()
      local exit_code, screen = cli:with{TERM = "dumb"}:at_terminal("cancel", "12345", "1003", "1002", "--yes"):wait()
      assert.equal(0, exit_code)
      assert.truthy(screen:find("1 of 2: backfill 100[23]: CANCELLED\r\n2 of 2: "), screen)
      exit_code, screen = cli:at_terminal("wait", "12345", "1005", "--quiet"):wait()
      assert.equal(0, exit_code)
      assert.truthy(screen:find("^backfill    1005\r\n"), screen)
    end)

    it("and leaves the terminal as it was at Ctrl-C", function()
      local person = cli:at_terminal("wait", "12345", "1003")
      person:wait_for("runs ended")
      person:type("\3")
      local exit_code, screen = person:wait()
      assert.equal(130, exit_code)
      assert.is_nil(screen:find(ESCAPE, 1, true))
      assert.truthy(screen:find("\r\nsupermetrics%-backfill: interrupted\r\n$"), screen)
    end)
  end)

  it("makes one JSON document of Ctrl-C too", function()
    local person = cli:at_terminal("wait", "12345", "1003", "--json")
    person:wait_for("runs ended")
    person:type("\3")
    local exit_code, screen = person:wait()
    assert.equal(130, exit_code)
    assert.truthy(screen:find('\n{"error":{"kind":"interrupted","message":"interrupted"', 1, true), screen)
  end)

  it("takes an answer that Ctrl-C kept from being decoded for Ctrl-C", function()
    local err = {kind = "invalid_response", reason = "the body is not JSON: interrupted!"}
    for _, answer in ipairs{{nil, err}, {{{id = 1003, err = err}}}} do
      local client = {ask = function() return answer[1], answer[2] end}
      local ok, problem = pcall(connection.call, {command = "get"}, client, "ask")
      assert.is_false(ok)
      assert.is_true(stop.is_interrupt(problem))
    end
  end)

  it("says at Ctrl-C that what was sent may have taken effect", function()
    service:faults{{operation = "cancel_backfill", delay = 60}}
    local person = cli:at_terminal("cancel-all", "12345", "--transfer", "504", "--yes")
    repeat
      local counts = service:statistics().by_operation
    until counts.cancel_backfill == 2
    person:type("\3")
    local exit_code, screen = person:wait()
    assert.equal(130, exit_code)
    assert.truthy(screen:find("supermetrics-backfill: interrupted; what was sent by then may have taken effect\r\n", 1,
      true), screen)
  end)
end)
