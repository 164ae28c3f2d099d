local markdown = require "spec.support.markdown"

local unpack = table.unpack or unpack -- luacheck: ignore

local function blocks(...)
  return markdown.blocks("file.md", table.concat({...}, "\n"))
end

describe("spec.support.markdown", function()
  it("reads fenced blocks with their words, line and section", function()
    local list = blocks("# Title", "", "```lua client file=a.lua", "x = 1", "", "    y()", "```", "## A part", "```sh",
      "true", "```")
    assert.equal(2, #list)
    assert.same({language = "lua", words = {client = true, file = "a.lua"}, line = 3, text = "x = 1\n\n    y()\n"},
      list[1])
    assert.equal("A part", list[2].section)
  end)

  it("reads the indented block below as what a block prints", function()
    local list = blocks("```sh", "date", "```", "", "Words.", "", "    one", "", "    two", "", "More.")
    assert.equal("one\n\ntwo\n", list[1].prints)
  end)

  local refused = {
    {"an indented block with none before it", {"", "    text"}, "file.md:2: an indented block is what a block before"},
    {"one with none before it in its section", {"```sh", "a", "```", "## B", "", "    text"}, "file.md:6: an indented"},
    {"a second one", {"```sh", "a", "```", "", "    text", "", "Words.", "", "    text"}, "file.md:9: an indented"},
    {"a fence without a language", {"```", "```"}, "file.md:1: a fence begins its line and names a language"},
    {"an indented fence", {"- a", "  ```sh", "  ```"}, "file.md:2: a fence begins its line"},
    {"a fence of tildes", {"~~~", "~~~"}, "a fence of tildes would not be read"},
    {"a fence without an end", {"```sh", "a"}, "file.md:2: a block without an end"},
    {"a word that is none", {"```sh file=", "```"}, "file.md:1: a word that cannot be read: file="},
  }
  for _, row in ipairs(refused) do
    it("refuses " .. row[1], function()
      local ok, problem = pcall(blocks, unpack(row[2]))
      assert.is_false(ok)
      assert.truthy(problem:find(row[3], 1, true), problem)
    end)
  end

  it("compares what is printed in full, but for …", function()
    assert.is_true(markdown.matches("a.b … d\n", "a.b c d\n"))
    assert.is_false(markdown.matches("a.b … d\n", "axb c d\n"))
    assert.is_false(markdown.matches("a … d\n", "a b\nc d\n"))
    assert.is_false(markdown.matches("a\n", "a\nb\n"))
    assert.is_false(markdown.matches("b\n", "a\nb\n"))
    assert.is_true(markdown.matches("…\nb\n", "a\na\nb\n"))
    assert.is_true(markdown.matches("…\nb\n", "b\n"))
  end)

  it("makes the anchors of GitHub, and none of comments in blocks", function()
    assert.same({["a-title"] = true, ["on-macos-not-tested"] = true},
      markdown.anchors("# A title\n```sh\n# not one\n```\n## On `macOS` (not tested)\n"))
  end)
end)
