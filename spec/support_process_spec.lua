local process = require "spec.support.process"

local function run(...)
  return process.start({ ... }):wait()
end

describe("spec.support.process", function()
  it("reads lines while the program runs, and nil at the end", function()
    local child = process.start { "sh", "-c", "echo one; echo; echo two; printf three" }
    assert.equal("one", child:read_line())
    assert.equal("", child:read_line())
    assert.equal("two", child:read_line())
    assert.equal("three", child:read_line())
    assert.is_nil(child:read_line())
    assert.is_nil(child:read_line())
    assert.same({ 0, "" }, { child:wait() })
  end)

  it("returns the exit code and the rest of the output byte for byte", function()
    local child = process.start { "sh", "-c", "echo first; printf 'a\\0b\\377\\n\\nc'; exit 7" }
    assert.equal("first", child:read_line())
    assert.same({ 7, "a\0b\255\n\nc" }, { child:wait() })
  end)

  it("answers a second wait with the same exit code", function()
    local child = process.start { "sh", "-c", "echo x; exit 3" }
    assert.same({ 3, "x\n" }, { child:wait() })
    assert.same({ 3, "" }, { child:wait() })
    assert.is_nil(child:read_line())
  end)

  it("hands over arguments and variables as they are", function()
    local awkward = "it's $HOME `id` \\ \"x\" * ; & |\n\9end"
    local script = 'printf "%s|%s|%s" "$1" "$2" "$VALUE"'
    local child = process.start({ "sh", "-c", script, "sh", awkward, "" }, { VALUE = awkward })
    assert.same({ 0, awkward .. "||" .. awkward }, { child:wait() })
  end)

  it("refuses what cannot be handed over", function()
    assert.has_error(function()
      process.start { "printf", "a\0b" }
    end, "an argument of a program cannot hold a NUL")
    assert.has_error(function()
      process.start({ "true" }, { ["A;B"] = "x" })
    end, "not a name of an environment variable: A;B")
    assert.has_error(function()
      process.start {}
    end, "process.start needs a list with a program")
  end)

  it("knows the program's own process id", function()
    local child = process.start { "sh", "-c", "echo $$" }
    assert.equal(tostring(child.pid), child:read_line())
    child:wait()
  end)

  it("sends signals, SIGINT too, to a program that handles them and to one that does not", function()
    local script = "trap 'echo caught; exit 5' INT; echo ready; while :; do sleep 0.02; done"
    local handling = process.start { "sh", "-c", script }
    assert.equal("ready", handling:read_line())
    handling:signal("INT")
    assert.same({ 5, "caught\n" }, { handling:wait() })
    for name, number in pairs { INT = 2, TERM = 15, KILL = 9 } do
      local child = process.start { "sleep", "600" }
      child:signal(name)
      assert.equal(128 + number, (child:wait()))
    end
  end)

  it("lets a program see SIGINT even where the specs run with it ignored", function()
    local source = [[
      local process = require "spec.support.process"
      local child = process.start { "sleep", "600" }
      child:signal("INT")
      os.exit(child:wait() == 130 and 0 or 1)]]
    assert.equal(0, (run("sh", "-c", "trap '' INT; exec \"$0\" -e \"$1\"", process.own_interpreter(), source)))
  end)

  it("tells a program that is not there by exit code 127", function()
    local child = process.start({ "no-such-program" }, nil, { stderr = "stdout" })
    local exit_code, output = child:wait()
    assert.equal(127, exit_code)
    assert.matches("no%-such%-program", output)
  end)

  it("passes stderr through, into the output or into a file", function()
    local script = "echo out; echo err >&2"
    assert.same({ 0, "out\n" }, { process.start({ "sh", "-c", script }, nil, { stderr = "/dev/null" }):wait() })
    assert.same({ 0, "out\nerr\n" }, { process.start({ "sh", "-c", script }, nil, { stderr = "stdout" }):wait() })
    local path = os.tmpname()
    assert.same({ 0, "out\n" }, { process.start({ "sh", "-c", script }, nil, { stderr = path }):wait() })
    local file = assert(io.open(path))
    assert.equal("err\n", file:read("*a"))
    file:close()
    os.remove(path)
    local source = ([[
      local process = require "spec.support.process"
      print(process.start({ "sh", "-c", %q }):wait())]]):format(script)
    local outer = process.start({ process.own_interpreter(), "-e", source }, nil, { stderr = "stdout" })
    local _, output = outer:wait()
    assert.matches("err\n", output, 1, true)
  end)

  it("says nothing of its own about a program that a signal ended", function()
    local source = [[
      local process = require "spec.support.process"
      local child = process.start { "sleep", "600" }
      child:signal("TERM")
      child:wait()]]
    local outer = process.start({ process.own_interpreter(), "-e", source }, nil, { stderr = "stdout" })
    assert.same({ 0, "" }, { outer:wait() })
  end)

  -- The innermost program keeps the outer one's output open through its stderr, so `wait` returns when it has ended
  -- and not before; were it left running, the spec would hang instead of passing by luck.
  describe("when the spec process ends without waiting", function()
    local function outer_process(innermost, ending)
      local source = ([[
        local process = require "spec.support.process"
        child = process.start { "sh", "-c", %q }
        child:read_line()
        print(child.pid)
        io.stdout:flush()
        %s]]):format(innermost, ending)
      return process.start({ process.own_interpreter(), "-e", source }, nil, { stderr = "stdout" })
    end

    local function assert_gone(pid)
      assert.equal(1, (process.start({ "kill", "-0", pid }, nil, { stderr = "/dev/null" }):wait()))
    end

    it("ends the program after kill -9", function()
      local outer = outer_process("echo; exec sleep 600", "child:read_line()")
      local pid = outer:read_line()
      outer:signal("KILL")
      outer:wait()
      assert_gone(pid)
    end)

    it("ends the program, and what it started, after an error", function()
      local outer = outer_process("sleep 600 & echo; wait", "error('the spec failed')")
      local pid = outer:read_line()
      local exit_code, output = outer:wait()
      assert.equal(1, exit_code)
      assert.matches("the spec failed", output)
      assert_gone(pid)
    end)

    it("ends a program that takes no notice of SIGTERM", function()
      local outer = outer_process("trap '' TERM; echo; while :; do sleep 0.01; done", "os.exit(0)")
      local pid = outer:read_line()
      outer:wait()
      assert_gone(pid)
    end)
  end)
end)
