-- What the documents say. Every code block of README.md, CONTRIBUTING.md and docs/*.md is run, on the Lua that runs
-- this; a block that this file does not know how to run fails.
--
-- A document is one terminal, in which the sandbox's address and key are exported; each section begins with a sandbox
-- that was just reset. What a block prints may stand below it, indented, with … for what differs from run to run: then
-- it must be what the block prints, in full. How a block runs, by its language and the words behind it:
--
--   lua                a program, on the Lua that runs the specs
--   lua client         the same, with `supermetrics`, and a `client` of the sandbox
--   sh                 commands; `sh fails` where the last one must fail
--   sh stays           a command that runs until Ctrl-C: it must print what stands below it, and is ended then
--   nginx server       directives of a server, in a real nginx, which `curl` finds at 127.0.0.1:8080
--   json               read
--   text               a picture of the checkout: each line begins with a file or folder that is there
--   … file=NAME        written into the terminal's folder instead; a later block must name it
--   … by=FILE          an excerpt, line by line, of a file that is run elsewhere: see RUN_BY

local cjson = require("cjson").new()
local core = require "supermetrics.core"
local markdown = require "spec.support.markdown"
local nginx = require "spec.support.nginx"
local reference = require "docs.reference"
local sandbox = require "spec.support.sandbox"
local terminal = require "spec.support.terminal"

-- Files that blocks may be excerpts of: who runs each, and the words there that do.
local RUN_BY = {
  [".ci/run"] = {".ci/run", "make test"},
  ["examples/event_loops/copas.lua"] = {"spec/event_loops_spec.lua", "examples/event_loops/"},
  ["examples/openresty/nginx.conf"] = {"spec/openresty_spec.lua", "examples/openresty/nginx.conf"},
  ["examples/openresty/webhook.lua"] = {"examples/openresty/nginx.conf", "examples/openresty/webhook.lua"},
  ["csrc/operations.c"] = {"spec/operations_spec.lua", "get_latest_backfill"},
  ["lua/supermetrics/client.lua"] = {"spec/operations_spec.lua", "get_latest_backfill"},
  ["spec/operations_spec.lua"] = {"spec/run", "busted.lua"},
}

local CLIENT = 'local supermetrics = require "supermetrics"; local client = supermetrics.new{} '

local WORDS = {
  lua = {client = true, file = true, by = true},
  sh = {fails = true, stays = true, file = true, by = true},
  nginx = {server = true, by = true},
  c = {file = true, by = true},
  json = {file = true},
  text = {},
}

local function read_file(path)
  local file = assert(io.open(path, "rb"), "no such file: " .. path)
  local text = file:read("*a")
  file:close()
  return text
end

local function paths_of(pattern)
  local paths = {}
  local pipe = assert(io.popen("ls " .. pattern))
  for path in pipe:lines() do
    paths[#paths + 1] = path
  end
  pipe:close()
  return paths
end

local documents = {}
for _, path in ipairs(paths_of("README.md CONTRIBUTING.md docs/*.md")) do
  local text = read_file(path)
  documents[#documents + 1] = {path = path, text = text, blocks = markdown.blocks(path, text)}
end

local function check_words(block)
  local known = assert(WORDS[block.language], "nobody knows how to run a block of " .. block.language)
  for word in pairs(block.words) do
    assert(known[word], ("nobody knows what the word %s means for %s"):format(word, block.language))
  end
end

local function check_excerpt(block, path)
  if path == "spec/rockcheck" then -- it reads the blocks itself
    return assert(read_file(path):find("by=spec.rockcheck$/,/^```$/p' docs/install.md", 1, true))
  end
  local row = assert(RUN_BY[path], "nobody runs " .. path)
  assert(read_file(row[1]):find(row[2], 1, true), ("%s does not run %s"):format(row[1], path))
  local text, position = read_file(path), 1
  for line in block.text:gmatch("[^\n]+") do
    local bare = line:match("^%s*(.-)%s*$"):gsub("%s+# .*$", "")
    local _, last = text:find(bare, position, true)
    position = assert(last, ("%s does not have this line, or has it further up: %s"):format(path, bare))
  end
end

local function check_printed(block, output)
  if block.prints then
    assert(markdown.matches(block.prints, (output:gsub("[^\n]$", "%0\n"))),
      ("It should print\n%s\nand printed\n%s"):format(block.prints, output))
  end
end

local function run_program(shell, block)
  shell:write("block.lua", (block.words.client and CLIENT or "") .. block.text)
  local exit_code, output = shell:run("lua block.lua")
  assert.equal(0, exit_code, output)
  check_printed(block, output)
end

-- These run this file, or take minutes: such a line is an excerpt of .ci/run.
local NEVER_HERE = {"make%s+[%w-]*test", "make%s+[%w-]*check", "make%s+demo", "%.ci/run", "spec/run"}

local function run_commands(shell, block)
  for _, pattern in ipairs(NEVER_HERE) do
    assert(not block.text:find(pattern), "this needs by=.ci/run: " .. pattern)
  end
  local exit_code, output = shell:run(block.text)
  assert.equal(block.words.fails ~= nil, exit_code ~= 0, output)
  check_printed(block, output)
end

-- A command that does not end by itself: as many lines as the document shows.
local function run_lasting(shell, block)
  local child = shell:start("exec " .. block.text)
  local lines = {}
  for _ in assert(block.prints, "what it prints must stand below it"):gmatch("\n") do
    lines[#lines + 1] = assert(child:read_line(), table.concat(lines, "\n")) .. "\n"
  end
  child:signal("TERM")
  child:wait()
  check_printed(block, table.concat(lines))
end

local function check_picture(block)
  for path in block.text:gmatch("%f[^\n%z]([^%s,]+)") do
    assert(io.open(path, "rb"), path):close()
  end
end

local function write_file(shell, document, block)
  local name, is_named = block.words.file, false
  for _, other in ipairs(document.blocks) do
    is_named = is_named or other.line > block.line and other.text:find(name, 1, true) ~= nil
  end
  assert(is_named, "no later block uses " .. name)
  shell:write(name, block.text)
end

for _, document in ipairs(documents) do
  describe(document.path, function()
    local service, shell, server, section

    setup(function()
      service = sandbox.start()
      shell = terminal.open{SUPERMETRICS_BASE_URL = service.base_url, SUPERMETRICS_API_KEY = service.api_key}
    end)

    teardown(function()
      if server then
        assert.equal(0, server:stop())
      end
      shell:close()
      service:stop()
    end)

    local function serve(block)
      assert(block.words.server and not server, "a document has one nginx, and its block the word server")
      server = nginx.start{server = block.text, environment = {
        SUPERMETRICS_BASE_URL = service.base_url, SUPERMETRICS_API_KEY = service.api_key,
      }}
      shell:listen(server.folder .. "/socket")
    end

    local function run(block)
      check_words(block)
      local words = block.words
      if block.language == "json" then
        cjson.decode(block.text)
      end
      if words.by then
        check_excerpt(block, words.by)
      elseif words.file then
        write_file(shell, document, block)
      elseif words.stays then
        run_lasting(shell, block)
      elseif block.language == "lua" then
        run_program(shell, block)
      elseif block.language == "sh" then
        run_commands(shell, block)
      elseif block.language == "nginx" then
        serve(block)
      elseif block.language == "text" then
        check_picture(block)
      else
        assert(block.language == "json", "a block of " .. block.language .. " needs file= or by=")
      end
    end

    for _, block in ipairs(document.blocks) do
      it(("line %d: %s"):format(block.line, block.language), function()
        if block.section ~= section then
          service:reset()
          section = block.section
        end
        run(block)
        if server then
          assert.same({}, server:new_complaints())
        end
      end)
    end

    it("links to what is there", function()
      local folder = document.path:match("^(.*/)") or ""
      for address in document.text:gmatch("%]%(([^)]+)%)") do
        if not address:find("^https?://") then
          local target, anchor = address:match("^([^#]*)#?(.*)$")
          local path = target == "" and document.path or (folder .. target):gsub("^docs/%.%./", "")
          local text = read_file(path)
          assert.truthy(anchor == "" or markdown.anchors(text)[anchor], address)
        end
      end
    end)

    it("names files that are there", function()
      for path in document.text:gmatch("`([%w_]+/[%w_./-]+)`") do
        local top = path:match("^[^/]+")
        if ("csrc lua spec docs examples .ci"):find(top, 1, true) then
          assert(io.open(path, "rb"), path):close()
        end
      end
    end)
  end)
end

describe("the documents", function()
  local model = reference.model()
  local all = {}
  for _, document in ipairs(documents) do
    all[#all + 1] = document.text
  end
  all = table.concat(all, "\n")

  it("have a section for every kind of error", function()
    local text = read_file("docs/errors.md")
    assert.truthy(#core.error_kinds >= 13)
    for _, kind in ipairs(core.error_kinds) do
      assert.truthy(text:find(("\n## %s\n"):format(kind), 1, true), kind)
    end
    for kind in text:gmatch("\n## ([%l_]+)\n") do
      assert.truthy(table.concat(core.error_kinds, " "):find(kind, 1, true), kind .. " is no kind of error")
    end
  end)

  it("have every option and every function", function()
    local count = 0
    local function check(name)
      count = count + 1
      assert.truthy(all:find("`" .. name .. "`", 1, true) or all:find("%f[%w_]" .. name .. "%f[^%w_]%s*[({=]"), name)
    end
    for _, class in ipairs{"ClientOptions", "CallOptions", "BatchOptions", "IncompleteOptions", "WaitOptions"} do
      for _, field in ipairs(model.classes["supermetrics." .. class].fields) do
        check(field.name)
      end
    end
    for _, method in ipairs(model.classes.supermetrics.methods) do
      check(method.name)
    end
    assert.truthy(count > 30, count)
  end)
end)
