-- The pages that are made of the annotations, and what reads those.

local annotations = require "docs.reference.annotations"
local process = require "spec.support.process"
local reference = require "docs.reference"
local reference_pages = require "docs.reference.pages"

local model = reference.model()

local function read_file(path)
  local file = assert(io.open(path, "r"))
  local text = file:read("*a")
  file:close()
  return text
end

local function each_function(visit)
  for _, name in ipairs(model.names) do
    for _, method in ipairs(model.classes[name] and model.classes[name].methods or {}) do
      visit(method)
    end
  end
end

describe("the pages", function()
  local pages = reference.pages()

  local function ids_of(name)
    local ids = {}
    for id in pages[name]:gmatch('id="([^"]*)"') do
      assert.falsy(ids[id], ("%s.html has the anchor %s twice"):format(name, id))
      ids[id] = true
    end
    return ids
  end

  it("have an anchor for every function, type, field and value", function()
    local links, count = reference_pages.links(model), 0
    local function check(page, anchor)
      assert.truthy(ids_of(page)[anchor], ("%s.html has no anchor %s"):format(page, anchor))
      count = count + 1
    end
    for _, name in ipairs(model.names) do
      local page = links[name]:match("^(%w+)%.html")
      local short = name:gsub("^supermetrics%.", "")
      local declared = model.classes[name] or model.aliases[name]
      if name ~= "supermetrics" then
        check(page, short)
      end
      for _, field in ipairs(declared.fields or {}) do
        if not field.is_private then
          check(page, short .. "." .. field.name)
        end
      end
      for _, value in ipairs(declared.values or {}) do
        check(page, short .. "." .. value.value:gsub('"', ""))
      end
      for _, method in ipairs(declared.methods or {}) do
        check(page, method.name)
      end
    end
    assert.truthy(count > 130, count)
  end)

  -- Text as a reader sees it: without tags, on one line.
  local function text_of(html)
    local text = html:gsub("<[^>]*>", ""):gsub("&lt;", "<"):gsub("&gt;", ">"):gsub("&quot;", '"'):gsub("&amp;", "&")
    return (text:gsub("%s+", " "))
  end

  it("show every word of every text", function()
    local whole, count = {}, 0
    for _, html in pairs(pages) do
      whole[#whole + 1] = text_of(html)
    end
    whole = table.concat(whole, "\n")
    local function check(prose)
      local text = prose:gsub("`", ""):gsub("%s+", " ")
      assert.truthy(whole:find(text, 1, true), text)
      count = count + 1
    end
    local function check_function(described)
      check(described.prose)
      for _, list in ipairs{described.parameters, described.returns} do
        for _, entry in ipairs(list) do
          check(entry.prose)
        end
      end
    end
    for _, name in ipairs(model.names) do
      local declared = model.classes[name] or model.aliases[name]
      check(declared.prose)
      for _, field in ipairs(declared.fields or {}) do
        check(field.prose)
      end
      for _, value in ipairs(declared.values or {}) do
        check(value.prose)
      end
    end
    each_function(check_function)
    check_function(model.functions["failure.is_error"])
    check_function(model.returned["lua/supermetrics/sleep/luv.lua"])
    assert.truthy(count > 200, count)
  end)

  it("show the text of the method at the function of the module", function()
    for _, declared in ipairs(model.classes.supermetrics.methods) do
      local entry = pages.module:match('<h2 id="' .. declared.name .. '">(.-)</section>')
      local prose = reference_pages.described(model, declared.name).prose:gsub("`", ""):gsub("%s+", " ")
      assert.truthy(text_of(entry):find(prose, 1, true), declared.name)
    end
  end)

  it("have no broken link", function()
    local count = 0
    for name, html in pairs(pages) do
      for address in html:gmatch('href="([^"]*)"') do
        local target, anchor = address:match("^([^#]*)#?(.*)$")
        local page = target == "" and name or target:match("^([%w_-]+)%.html$")
        local where = ("%s.html links to %s"):format(name, address)
        if page then
          assert.truthy(pages[page], where)
          assert.truthy(anchor == "" or ids_of(page)[anchor], where)
        elseif target:find("^%.%./%.%./") then -- a file of the checkout, seen from build/docs
          assert(io.open(target:sub(7), "r"), where):close()
        else
          assert.truthy(target == "style.css" or target:find("^https?://"), where)
        end
        count = count + 1
      end
    end
    assert.truthy(count > 150, count)
  end)

  it("are well-formed, and need no script and nothing from elsewhere", function()
    local EMPTY = {meta = true, link = true, br = true, hr = true, img = true, input = true}
    for name, html in pairs(pages) do
      local open = {}
      for slash, tag in html:gmatch("<(/?)(%a%w*)") do
        if slash == "/" then
          assert.equal(table.remove(open), tag, name)
        elseif not EMPTY[tag] then
          open[#open + 1] = tag
        end
      end
      assert.same({}, open, name)
      for _, forbidden in ipairs{"<script", "<iframe", "src=\"http", "@import", "raw HTML omitted", "\1"} do
        assert.falsy(html:find(forbidden, 1, true), name .. ": " .. forbidden)
      end
      for resource in html:gmatch('<link[^>]*href="([^"]*)"') do
        assert.equal("style.css", resource)
      end
    end
    assert.falsy(read_file("docs/reference/style.css"):find("url%("))
  end)

  it("are written by make docs, and the guides with them", function()
    local folder = os.tmpname()
    os.remove(folder)
    finally(function()
      os.execute("rm -rf " .. folder)
    end)
    local exit_code, output = process.start({process.own_interpreter(), "docs/reference/generate.lua", folder}, nil,
      {stderr = "stdout"}):wait()
    assert.equal(0, exit_code, output)
    for name, html in pairs(pages) do
      assert.equal(html, read_file(("%s/%s.html"):format(folder, name)))
    end
    assert.equal(read_file("docs/reference/style.css"), read_file(folder .. "/style.css"))
    for _, guide in ipairs(reference.guides()) do
      assert.truthy(pages[guide.name], guide.name)
      assert.truthy(pages.index:find(('href="%s.html"'):format(guide.name), 1, true), guide.name)
    end
  end)

  it("render guides with tables, anchors, and links to other guides and to the checkout", function()
    local all = reference_pages.all(model, {
      {name = "first", title = "The first", text = "# The first\n\n| a | b |\n|---|---|\n| 1 | 2 |\n\n"
        .. "## What `x` does\n\nSee [the second](second.md#why) and [the README](../README.md).\n"},
      {name = "second", title = "The second", text = "# The second\n\n## Why\n"},
    })
    assert.truthy(all.first:find("<td>2</td>", 1, true))
    assert.truthy(all.first:find('<h2 id="what-x-does">What <code>x</code> does</h2>', 1, true))
    assert.truthy(all.first:find('<a href="second.html#why">', 1, true))
    assert.truthy(all.first:find('<a href="../../README.md">', 1, true))
    assert.truthy(all.second:find('<h2 id="why">', 1, true))
    assert.truthy(all.index:find('<a href="second.html">The second</a>', 1, true))
  end)
end)

describe("the reader of annotations", function()
  local refused = {
    {"an unknown tag", "---@nodiscard\nlocal x = 1", "file.lua:1: an unknown tag: @nodiscard"},
    {"a field without a class", "---@field name string\n",
      "a field that cannot be read, or without a class: name string"},
    {"a field without a type", "---@class A\n---@field name\n", "file.lua:2: a field that cannot be read"},
    {"a field with its text behind it", "---@class A\n---@field name string text\n",
      "the text of a field stands above"},
    {"a parameter without a type", "---@param name\nfunction f.g(name) end", "a parameter that cannot be read: name"},
    {"parameters of nothing", "---@param name string\n\n", "parameters without a function under them"},
    {"a value without an alias", '---| "a" # text\n', "a value that cannot be read, or without an alias"},
    {"a value without a text", '---@alias A\n---| "a"\n', "file.lua:2: a value that cannot be read"},
    {"a second text about a class", "--- One.\n---@class A\n\n--- Two.\n---@class A\n",
      "file.lua:5: a second text about A"},
  }
  for _, row in ipairs(refused) do
    it("raises at " .. row[1], function()
      local ok, message = pcall(function()
        annotations.new():read("file.lua", row[2])
      end)
      assert.falsy(ok)
      assert.truthy(message:find(row[3], 1, true), message)
    end)
  end

  it("raises for a type without a page, and for one that nobody declares", function()
    local other = reference.model()
    other:read("file.lua", "--- Text.\n---@class supermetrics.New\n---@field a supermetrics.Nowhere\n")
    assert.error_matches(function()
      reference_pages.links(other)
    end, "no page for the type supermetrics.New")
    other = reference.model()
    other:read("file.lua", "---@class supermetrics.Error\n--- Text.\n---@field a supermetrics.Nowhere\n")
    assert.error_matches(function()
      reference_pages.all(other, {})
    end, "a type that is not declared: supermetrics.Nowhere")
  end)
end)
