--- The pages of the reference, and those of the guides beside them.

local layout = require "docs.reference.layout"

local pages = {}

-- Where each type stands. `absent` is the word for what may be left out, or not be there.
local TYPES = {
  {name = "client", title = "Client", types = {"Client", "Id", "Method"}, absent = "or nil"},
  {name = "options", title = "Options", absent = "optional",
    types = {"ClientOptions", "CallOptions", "BatchOptions", "IncompleteOptions", "WaitOptions", "Token"}},
  {name = "backfill", title = "Backfill", types = {"Backfill", "Status", "IncompleteStatus", "FailedRun"},
    absent = "or nil"},
  {name = "error", title = "Error", types = {"Error", "ErrorKind", "Outcome"}, absent = "or nil"},
  {name = "results", title = "Response and results", types = {"Response", "Results", "Result", "Attempt"},
    absent = "or nil"},
  {name = "core", title = "The core", types = {"core", "CoreClient", "Call"}, absent = "or nil"},
}

local MODULE = {name = "module", title = "The module"}
local SLEEP = "lua/supermetrics/sleep/luv.lua"

-- Functions of the module that are no methods, and what they are there.
local OTHERS = {new = "client.new", is_error = "failure.is_error"}

-- What methods are called on, in titles.
local OBJECTS = {["supermetrics.Client"] = "client", ["supermetrics.Backfill"] = "backfill",
  ["supermetrics.Error"] = "err", ["supermetrics.core"] = "core", ["supermetrics.CoreClient"] = "client",
  ["supermetrics.Call"] = "call"}

local function find_method(class, name)
  for _, method in ipairs(class.methods) do
    if method.name == name then
      return method
    end
  end
end

--- The function that has the text about a function of the module.
function pages.described(model, name)
  local described = find_method(model.classes["supermetrics.Client"], name) or model.functions[OTHERS[name]]
  return described or error("no text about supermetrics." .. name, 0)
end

--- The address of each type; raises where one has none.
function pages.links(model)
  local links = {supermetrics = "module.html"}
  for _, page in ipairs(TYPES) do
    for _, short in ipairs(page.types) do
      links["supermetrics." .. short] = page.name .. ".html#" .. short
    end
  end
  for _, name in ipairs(model.names) do
    if not links[name] then
      error("no page for the type " .. name .. ": see TYPES in docs/reference/pages.lua", 0)
    end
  end
  return links
end

-- Words that are linked in prose: functions of the module, kinds of errors and statuses. Those that mean something else
-- too, such as `timeout` and `request`, are left alone.
local function words_of(model, links)
  local words, fields = {}, {new = true}
  for _, name in ipairs(model.names) do
    for _, field in ipairs(model.classes[name] and model.classes[name].fields or {}) do
      fields[field.name] = true
    end
  end
  for _, declared in ipairs(model.classes.supermetrics.methods) do
    words[declared.name] = not fields[declared.name] and links.supermetrics .. "#" .. declared.name or nil
  end
  for _, name in ipairs{"ErrorKind", "Status"} do
    for _, value in ipairs(model.aliases["supermetrics." .. name].values) do
      local word = value.value:match('^"(.*)"$')
      if word and not fields[word] then
        words[word] = links["supermetrics." .. name] .. "." .. word
      end
    end
  end
  return words
end

local function first_sentence(prose)
  local paragraph = (prose .. "\n\n"):match("^(.-)\n\n"):gsub("\n", " ")
  return paragraph:match("^(.-[^%d]%.)%s") or paragraph:match("^(.-):%s`") or paragraph
end

local function module_page(out, model)
  local class = model.classes.supermetrics
  local rows, entries = {}, {}
  for _, declared in ipairs(class.methods) do
    local described = pages.described(model, declared.name)
    rows[#rows + 1] = {"#" .. declared.name, declared.name}
    entries[#entries + 1] = out:func(declared.name,
      "supermetrics." .. declared.name .. layout.parameters(declared.parameters), described, declared)
  end
  local sleep = model.returned[SLEEP]
  rows[#rows + 1] = {"#sleep.luv", "supermetrics.sleep.luv"}
  entries[#entries + 1] = out:func("sleep.luv", 'require "supermetrics.sleep.luv"'
    .. " → function" .. layout.parameters(sleep.parameters),
    {prose = model.prose[SLEEP] .. "\n\n" .. sleep.prose, parameters = sleep.parameters, returns = sleep.returns},
    sleep)
  return "<h1>The module</h1>\n" .. out:prose(model.prose["lua/supermetrics/init.lua"])
    .. out:contents(rows) .. out:fields(class, "or nil") .. table.concat(entries)
end

local function class_entries(out, class, absent, rows)
  local object = OBJECTS[class.name]
  local entries = {out:declaration(class, absent)}
  for _, method in ipairs(class.methods) do
    local name = object .. method.separator .. method.name
    rows[#rows + 1] = {"#" .. method.name, name}
    entries[#entries + 1] = out:func(method.name, name .. layout.parameters(method.parameters), method, method)
  end
  return table.concat(entries)
end

local function types_page(out, model, page)
  local rows, entries = {}, {}
  for _, short in ipairs(page.types) do
    local name = "supermetrics." .. short
    rows[#rows + 1] = {"#" .. short, short}
    local class = model.classes[name]
    entries[#entries + 1] = class and class_entries(out, class, page.absent, rows)
      or out:declaration(model.aliases[name] or error("no such type: " .. name, 0), page.absent)
  end
  return ("<h1>%s</h1>\n"):format(page.title) .. out:contents(rows) .. table.concat(entries)
end

local function index_page(out, model, guides)
  local functions = {}
  for _, declared in ipairs(model.classes.supermetrics.methods) do
    functions[#functions + 1] = {"module.html#" .. declared.name, declared.name,
      first_sentence(pages.described(model, declared.name).prose)}
  end
  local types = {}
  for _, page in ipairs(TYPES) do
    for _, short in ipairs(page.types) do
      local name = "supermetrics." .. short
      types[#types + 1] = {page.name .. ".html#" .. short, short,
        first_sentence((model.classes[name] or model.aliases[name]).prose)}
    end
  end
  local parts = {"<h1>supermetrics</h1>\n", out:prose(model.prose["lua/supermetrics/init.lua"])}
  if #guides > 0 then
    parts[#parts + 1] = "<h2>Guides</h2>\n<ul>\n"
    for _, guide in ipairs(guides) do
      parts[#parts + 1] = ('<li><a href="%s.html">%s</a></li>\n'):format(guide.name, layout.escape(guide.title))
    end
    parts[#parts + 1] = "</ul>\n"
  end
  parts[#parts + 1] = "<h2>Functions</h2>\n" .. out:contents(functions)
  parts[#parts + 1] = "<h2>Types</h2>\n" .. out:contents(types)
  return table.concat(parts)
end

-- Headings get the anchors that GitHub gives them; links to other guides lead to their pages, and links out of docs/
-- to the files of the checkout.
local function finish_guide(html)
  html = html:gsub("<h([2-6])>(.-)</h%1>", function(level, text)
    local anchor = text:gsub("<[^>]*>", ""):gsub("&%w+;", ""):lower():gsub("[^%w%s_-]", ""):gsub("%s", "-")
    return ('<h%s id="%s">%s</h%s>'):format(level, anchor, text, level)
  end)
  html = html:gsub('href="([%w_]+)%.md(#?[^"]*)"', 'href="%1.html%2"')
  return (html:gsub('href="%.%./', 'href="../../'))
end

--- All pages.
-- @param model of the annotations
-- @param guides list of {name, title, text}, as docs/*.md have them
-- @return table of HTML by name
function pages.all(model, guides)
  local links = pages.links(model)
  local out = layout.new(links, words_of(model, links))
  local reference = {heading = "Reference", MODULE}
  local bodies = {index = index_page(out, model, guides), module = module_page(out, model)}
  local titles = {index = "supermetrics", module = MODULE.title}
  for _, page in ipairs(TYPES) do
    reference[#reference + 1] = page
    bodies[page.name], titles[page.name] = types_page(out, model, page), page.title
  end
  local navigation = {reference}
  for index, guide in ipairs(guides) do
    navigation[2] = navigation[2] or {heading = "Guides"}
    navigation[2][index] = guide
    if bodies[guide.name] then
      error("a guide has the name of a page of the reference: " .. guide.name, 0)
    end
    bodies[guide.name], titles[guide.name] = out:guide(guide.text), guide.title
  end
  out:finish(bodies)
  for _, guide in ipairs(guides) do
    bodies[guide.name] = finish_guide(bodies[guide.name])
  end
  local all = {}
  for name, body in pairs(bodies) do
    all[name] = layout.page(name, titles[name], navigation, body)
  end
  return all
end

return pages
