--- The code blocks of a Markdown file.
--
-- A fenced block names its language and, behind it, words on how it runs: ```lua client. GitHub and cmark-gfm show none
-- of these words. An indented block is what the fenced one before it prints.

local markdown = {}

local Reader = {}
Reader.__index = Reader
Reader.__name = "spec.support.markdown"

function Reader:__tostring()
  return ("%s at %s:%d"):format(Reader.__name, self.name, self.number)
end

function Reader:fail(problem)
  error(("%s:%d: %s"):format(self.name, self.number, problem), 0)
end

function Reader:read_words(text)
  local words = {}
  for word in text:gmatch("%S+") do
    local name, value = word:match("^(%l+)=(%S+)$")
    name = name or word:match("^%l+$") or self:fail("a word that cannot be read: " .. word)
    words[name] = value or true
  end
  return words
end

function Reader:add_printed()
  local block = self.blocks[#self.blocks]
  if self.printed then
    block.prints = table.concat(self.printed, "\n"):gsub("%s+$", "") .. "\n"
    self.printed = nil
  end
end

-- A line outside of fences.
function Reader:read_prose(line)
  local indented = line:match("^    (.*)$")
  if indented and (self.printed or self.was_blank) then
    local block = self.blocks[#self.blocks]
    if not block or block.section ~= self.section or block.prints then
      self:fail("an indented block is what a block before it in its section prints, and there is none")
    end
    self.printed = self.printed or {}
    self.printed[#self.printed + 1] = indented
  elseif self.printed and line == "" then
    self.printed[#self.printed + 1] = ""
  else
    self:add_printed()
  end
  if line:find("^##+ ") then
    self.section = line:match("^#+ (.*)$")
  end
  self.was_blank = line == ""
end

function Reader:read_line(line)
  self.number = self.number + 1
  local indentation, info = line:match("^(%s*)```(.*)$")
  if not info then
    if self.open then
      self.open.lines[#self.open.lines + 1] = line
    else
      self:read_prose(line)
    end
  elseif self.open then
    self.open.text = table.concat(self.open.lines, "\n") .. "\n"
    self.open.lines = nil
    self.open, self.was_blank = nil, false
  else
    self:add_printed()
    local language, words = info:match("^(%l+)%s*(.-)%s*$")
    if indentation ~= "" or not language then
      self:fail("a fence begins its line and names a language")
    end
    self.open = {language = language, words = self:read_words(words), line = self.number,
      section = self.section, lines = {}}
    self.blocks[#self.blocks + 1] = self.open
  end
end

--- Reads the blocks of a text; raises where one could be overlooked.
-- @param name string, of the file
-- @param text string
-- @return list of {language, words, line, section, text, prints}: `words` is a table by name, of what stands behind "="
--   or true; `section` is the heading above, nil before the first of the second level; `prints` is nil where no
--   indented block follows
function markdown.blocks(name, text)
  local reader = setmetatable({name = name, blocks = {}, number = 0, was_blank = true}, Reader)
  for line in (text:gsub("\n?$", "\n")):gmatch("([^\n]*)\n") do
    if line:find("^%s*~~~") then
      reader:fail("a fence of tildes would not be read")
    end
    reader:read_line(line)
  end
  if reader.open then
    reader:fail("a block without an end")
  end
  reader:add_printed()
  return reader.blocks
end

--- Whether a text is what an indented block shows. In a line, … stands for anything in that line; a line that is …
-- alone stands for any lines.
-- @param prints string, the block
-- @param output string
function markdown.matches(prints, output)
  local pattern = {}
  for line in prints:gmatch("([^\n]*)\n") do
    if line == "…" then
      pattern[#pattern + 1] = ".-"
    else
      -- The three bytes of … are no punctuation in the C locale.
      pattern[#pattern + 1] = line:gsub("%p", "%%%0"):gsub("…", "[^\n]-") .. "\n"
    end
  end
  return output:find("^" .. table.concat(pattern) .. "$") ~= nil
end

--- The anchors of a text's headings, as GitHub makes them.
-- @return set of strings
function markdown.anchors(text)
  local anchors, is_open = {}, false
  for line in text:gmatch("[^\n]+") do
    is_open = line:find("^```") ~= nil ~= is_open
    local heading = not is_open and line:match("^##* (.*)$")
    if heading then
      anchors[heading:lower():gsub("[^%w%s_-]", ""):gsub("%s", "-")] = true
    end
  end
  return anchors
end

return markdown
