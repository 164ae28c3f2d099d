-- The man page of supermetrics-backfill, made of the same table as its parser.

local description = require "supermetrics.command.description"
local exit_codes = require "supermetrics.command.exit_codes"
local manual = require "supermetrics.command.manual"
local process = require "spec.support.process"

describe("the man page of supermetrics-backfill", function()
  local path, page

  setup(function()
    path = os.tmpname()
    page = manual.page("1.2.3")
    local file = assert(io.open(path, "w"))
    file:write(page)
    file:close()
  end)

  teardown(function()
    os.remove(path)
  end)

  it("is right by mandoc, but for the day, which it leaves out so that it can be made again", function()
    local _, output = process.start({"mandoc", "-Tlint", path}, nil, {stderr = "stdout"}):wait()
    assert.equal(('mandoc: %s:1:30: WARNING: missing date, using "": TH\n'):format(path), output)
  end)

  it("shows every command, argument, option, exit code and variable", function()
    local exit_code, text = process.start({"mandoc", "-Tutf8", "-Owidth=1000", path}):wait()
    assert.equal(0, exit_code)
    text = text:gsub(".\8", "") -- bold and underlined
    local function assert_shown(label, words)
      assert.truthy(text:find("\n +" .. label:gsub("%p", "%%%0") .. "[ \n]"), label)
      assert.truthy(text:find(words, 1, true), words)
    end
    local function assert_all(rows)
      for _, row in ipairs(rows or {}) do
        assert_shown(row.name .. (row.value and " " .. row.value or ""), row.text)
      end
    end
    for _, command in ipairs(description.commands) do
      assert_shown(command.name, command.description[1])
      assert_all(command.arguments)
      assert_all(command.options)
    end
    assert_all(description.options)
    for _, rows in ipairs{exit_codes.meanings, description.environment} do
      for _, row in ipairs(rows) do
        assert_shown(tostring(row[1]), row[2])
      end
    end
    for _, example in ipairs(description.examples) do
      assert.truthy(text:find(example[2], 1, true), example[2])
    end
    assert.truthy(text:find("supermetrics 1.2.3", 1, true))
  end)

  it("has the same commands and exit codes as the guide", function()
    local file = assert(io.open("docs/command.md"))
    local guide = file:read("*a")
    file:close()
    for _, command in ipairs(description.commands) do
      assert.truthy(guide:find("\n| `" .. command.name .. " TEAM", 1, true), command.name)
    end
    local rows = {}
    for _, row in ipairs(exit_codes.meanings) do
      rows[#rows + 1] = ("| %d | %s |\n"):format(row[1], row[2])
    end
    assert.truthy(guide:find("| --- | --- |\n" .. table.concat(rows) .. "\n", 1, true))
  end)

  it("has no line that is a request by accident", function()
    for line in page:gmatch("[^\n]+") do
      assert.truthy(not line:find("^[.']") or line:find("^%.[%u][%u]?") or line == ".nh" or line == ".nf"
        or line == ".fi" or line == ".br", line)
    end
  end)
end)
