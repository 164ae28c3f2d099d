--- Pieces of HTML: pages, entries, lists of fields, types with links. Prose is marked where it stands and rendered for
-- all pages at once.

local markdown = require "docs.reference.markdown"

local layout = {}

local Layout = {}
Layout.__index = Layout
Layout.__name = "docs.layout"

function Layout:__tostring()
  return ("%s with %d texts"):format(Layout.__name, #self.texts)
end

--- A layout.
-- @param links table: the address of each type, by its whole name
-- @param words table: the address of each word that is a link where it stands as code in the prose of the annotations
function layout.new(links, words)
  return setmetatable({links = links, words = words, texts = {}, guides = {}}, Layout)
end

local ENTITIES = {["&"] = "&amp;", ["<"] = "&lt;", [">"] = "&gt;", ['"'] = "&quot;"}

function layout.escape(text)
  return (text:gsub('[&<>"]', ENTITIES))
end

--- The name of a type without its namespace.
function layout.short(name)
  return (name:gsub("^supermetrics%.", ""))
end

--- A text of Markdown, to be rendered by Layout:finish.
function Layout:prose(text)
  self.texts[#self.texts + 1] = text
  return ("\1%d\1"):format(#self.texts)
end

--- The same for a guide, which has links of its own.
function Layout:guide(text)
  local mark = self:prose(text)
  self.guides[#self.texts] = true
  return mark
end

--- A type as text, with links to those that have an entry.
function Layout:type(type)
  local html = layout.escape(type):gsub("supermetrics%.[%w_]+", function(name)
    local address = self.links[name]
    if not address then
      error("a type that is not declared: " .. name, 0)
    end
    return ('<a href="%s">%s</a>'):format(address, layout.short(name))
  end)
  return '<code class="type">' .. html .. "</code>"
end

--- "(a, b [, c [, d]])", as manuals of Lua write it.
function layout.parameters(parameters)
  local parts, closing = {}, ""
  for index, parameter in ipairs(parameters) do
    local comma = index > 1 and ", " or ""
    if parameter.is_optional then
      parts[#parts + 1] = (index > 1 and " [" or "[") .. comma .. parameter.name
      closing = closing .. "]"
    else
      parts[#parts + 1] = comma .. parameter.name
    end
  end
  return "(" .. table.concat(parts) .. closing .. ")"
end

-- One line of a list: a name, its type, what else is to be said in a word, and the text.
function Layout:item(anchor, name, type, word, prose)
  local parts = {("<dt%s>"):format(anchor and (' id="%s"'):format(anchor) or "")}
  if name then
    parts[#parts + 1] = ("<code>%s</code> "):format(layout.escape(name))
  end
  parts[#parts + 1] = type and self:type(type) or ""
  parts[#parts + 1] = word and (' <span class="word">%s</span>'):format(word) or ""
  parts[#parts + 1] = "</dt>\n<dd>" .. (prose ~= "" and self:prose(prose) or "") .. "</dd>\n"
  return table.concat(parts)
end

--- The fields of a class.
-- @param word what stands beside one that may be absent
function Layout:fields(class, word)
  local parts = {}
  for _, field in ipairs(class.fields) do
    if not field.is_private then
      local name = field.name
      parts[#parts + 1] = self:item(layout.short(class.name) .. "." .. name, name, field.type,
        field.is_optional and word, field.prose)
    end
  end
  return #parts > 0 and "<dl>\n" .. table.concat(parts) .. "</dl>\n" or ""
end

--- The values of an alias.
function Layout:values(alias)
  local parts = {}
  for _, value in ipairs(alias.values) do
    local bare = value.value:gsub('"', "")
    parts[#parts + 1] = self:item(layout.short(alias.name) .. "." .. bare, value.value, nil, nil, value.prose)
  end
  return #parts > 0 and "<dl>\n" .. table.concat(parts) .. "</dl>\n" or ""
end

-- "T?" is a T or nil.
local function split_nil(type)
  local bare = type:match("^(.+)%?$")
  if bare then
    return bare, "or nil"
  end
  return type, nil
end

local function heading(anchor, title)
  return ('<h2 id="%s"><a href="#%s"><code>%s</code></a></h2>\n'):format(anchor, anchor, layout.escape(title))
end

local function section(html)
  return "<section>\n" .. html .. "</section>\n"
end

--- An entry of a function.
-- @param anchor
-- @param title its call, such as "client:close()"
-- @param described the function that has the text; its parameters and returns are shown as far as `declared` has them
-- @param declared the function as its users see it
function Layout:func(anchor, title, described, declared)
  local parts = {heading(anchor, title), self:prose(described.prose)}
  if #declared.parameters > 0 then
    parts[#parts + 1] = "<h3>Parameters</h3>\n<dl>\n"
    for index, parameter in ipairs(declared.parameters) do
      parts[#parts + 1] = self:item(nil, parameter.name, parameter.type, parameter.is_optional and "optional",
        described.parameters[index].prose)
    end
    parts[#parts + 1] = "</dl>\n"
  end
  if #declared.returns > 0 then
    parts[#parts + 1] = "<h3>Returns</h3>\n<dl>\n"
    for index, returned in ipairs(declared.returns) do
      local type, word = split_nil(returned.type)
      parts[#parts + 1] = self:item(nil, returned.name, type, word, described.returns[index].prose)
    end
    parts[#parts + 1] = "</dl>\n"
  end
  return section(table.concat(parts))
end

--- An entry of a class or an alias.
-- @param word what stands beside a field that may be absent
function Layout:declaration(declared, word)
  local html = heading(layout.short(declared.name), layout.short(declared.name))
  if declared.parent then
    html = html .. ('<p class="parent">All of %s, and:</p>\n'):format(self:type(declared.parent))
  end
  if declared.type then
    html = html .. "<p>" .. self:type(declared.type) .. "</p>\n"
  end
  html = html .. self:prose(declared.prose)
  return section(html .. (declared.fields and self:fields(declared, word) or self:values(declared)))
end

--- A list of links to what is on a page.
-- @param rows list of {address, text, prose or nil}
function Layout:contents(rows)
  local parts = {rows[1][3] and '<ul class="contents">\n' or '<ul class="contents short">\n'}
  for _, row in ipairs(rows) do
    parts[#parts + 1] = ('<li><a href="%s"><code>%s</code></a>%s</li>\n'):format(row[1], layout.escape(row[2]),
      row[3] and " " .. self:prose(row[3]) or "")
  end
  return table.concat(parts) .. "</ul>\n"
end

local PAGE = [[
<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>%s</title>
<link rel="stylesheet" href="style.css">
</head>
<body>
<nav>
%s</nav>
<main>
%s</main>
</body>
</html>
]]

--- A whole page.
-- @param name of its file, without .html
-- @param title
-- @param navigation list of {heading or nil, {name, title} …}
-- @param body HTML
function layout.page(name, title, navigation, body)
  local parts = {'<p class="home"><a href="index.html">supermetrics</a></p>\n'}
  for _, group in ipairs(navigation) do
    parts[#parts + 1] = ("<p>%s</p>\n<ul>\n"):format(group.heading)
    for _, entry in ipairs(group) do
      parts[#parts + 1] = ('<li><a href="%s.html"%s>%s</a></li>\n'):format(entry.name,
        entry.name == name and ' aria-current="page"' or "", layout.escape(entry.title))
    end
    parts[#parts + 1] = "</ul>\n"
  end
  local whole_title = title == "supermetrics" and title or title .. " – supermetrics"
  return PAGE:format(layout.escape(whole_title), table.concat(parts), body)
end

--- Renders the prose of finished pages, in place.
-- @param pages table of HTML by name
function Layout:finish(pages)
  local rendered = markdown.render(self.texts)
  for number, html in ipairs(rendered) do
    if not self.guides[number] and not html:find("<a ", 1, true) then
      rendered[number] = html:gsub("<code>([%w_]+)</code>", function(word)
        return self.words[word] and ('<a href="%s"><code>%s</code></a>'):format(self.words[word], word)
      end)
    end
  end
  for name, html in pairs(pages) do
    pages[name] = html:gsub("\1(%d+)\1", function(number)
      return rendered[tonumber(number)]
    end)
  end
end

return layout
