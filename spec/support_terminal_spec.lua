local process = require "spec.support.process"
local terminal = require "spec.support.terminal"

describe("spec.support.terminal", function()
  local shell

  before_each(function()
    shell = terminal.open{GIVEN = "it's given"}
  end)

  after_each(function()
    shell:close()
  end)

  it("keeps what is exported, and nothing else, for the next command", function()
    assert.same({0, ""}, {shell:run('export KEPT="$GIVEN"; lost=1; cd /')})
    assert.same({0, "it's given..\n"}, {shell:run('echo "$KEPT.$lost."; cd /')})
    assert.same({0, "it's given.here\n"}, {shell:run('test -e lua && echo "$KEPT.here"')})
  end)

  it("stops where something fails, and tells the exit status", function()
    assert.same({3, "one\n"}, {shell:run("echo one\n(exit 3)\necho two")})
  end)

  it("has what is written stay out of the checkout, even under a name that is there", function()
    shell:write("Makefile", "mine\n")
    assert.same({0, "mine\n"}, {shell:run("cat Makefile; echo new >new.txt; test -e new.txt")})
    assert.is_nil(io.open("new.txt", "r"))
    local file = assert(io.open("Makefile", "r"))
    assert.not_equal("mine\n", file:read("*a"))
    file:close()
  end)

  it("runs the Lua that runs this, with its paths, whatever was exported", function()
    shell:run("export LUA_PATH=/nowhere LUA_CPATH=/nowhere")
    local exit_code, output = shell:run([[lua -e 'print(_VERSION, require("supermetrics.core")._VERSION)']])
    assert.equal(0, exit_code, output)
    assert.equal(_VERSION .. "\t" .. require("supermetrics.core")._VERSION .. "\n", output)
  end)

  it("ends a command that stays", function()
    local child = shell:start("echo up; exec cat /dev/zero >/dev/null")
    assert.equal("up", child:read_line())
    child:signal("TERM")
    assert.equal(128 + 15, (child:wait()))
  end)

  it("leaves nothing behind", function()
    local other = terminal.open{}
    other:close()
    assert.same({1, ""}, {process.start({"test", "-e", other.folder}):wait()})
  end)
end)
