-- Where the output of supermetrics-backfill cannot be written.

local command = require "spec.support.command"
local process = require "spec.support.process"
local sandbox = require "spec.support.sandbox"

local unpack = table.unpack or unpack -- luacheck: ignore

describe("supermetrics-backfill whose output cannot be written", function()
  local service, cli

  setup(function()
    service = sandbox.start()
    cli = command.new(service)
  end)

  teardown(function()
    service:stop()
  end)

  -- Runs it inside a line of the shell, where it is "$@".
  local function shell(line, ...)
    return process.start({"sh", "-c", line, "sh", unpack(command.words(...))}, cli.environment,
      {stderr = "stdout"}):wait()
  end

  it("ends with exit code 11 on a full device", function()
    for _, words in ipairs{{"get", "12345", "1003"}, {"get", "12345", "1003", "--json"}, {"list", "12345"},
      {"get", "12345", "9999", "--json"}, {"get", "12345", "--json"}, {"--help"}, {"--version"}, {"--manual"}} do
      local exit_code, output = shell('exec "$@" >/dev/full', unpack(words))
      assert.equal(11, exit_code, table.concat(words, " "))
      assert.truthy(output:find("supermetrics-backfill: cannot write the output: No space left on device\n", 1, true),
        output)
    end
  end)

  describe("where nobody reads any more", function()
    -- A pipe without a reader: one is there only while the pipe is opened for writing.
    local INTO_NOWHERE = 'mkfifo "$0" && exec 4<>"$0" 3>"$0" 4<&- && rm "$0" && %s exec "$@" >&3 3>&-'

    local function run(prefix)
      local name = os.tmpname()
      os.remove(name)
      return process.start({"sh", "-c", INTO_NOWHERE:format(prefix), name, unpack(command.words("list", "12345"))},
        cli.environment, {stderr = "stdout"}):wait()
    end

    it("ends by the signal for that, as programs do", function()
      assert.same({128 + 13, ""}, {run("")})
    end)

    it("ends with exit code 11 where that signal is ignored", function()
      assert.same({11, "supermetrics-backfill: cannot write the output: Broken pipe\n"}, {run("trap '' PIPE &&")})
    end)
  end)
end)
