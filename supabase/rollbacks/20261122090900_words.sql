drop function private.ranking(text, text);
drop function private.spaced_text(text);
drop function private.any_of(tsquery[]);
drop function private.asked_words(text[], text);
drop function private.words(text, text);
drop function private.composed_parts(text);
drop function private.script_pairs(text);
drop function private.fold_text(text);
drop function private.unspaced_scripts();
drop function private.text_config(text);
drop function private.language_of(text);
drop text search dictionary private.danish_stops, private.dutch_stops, private.english_stops,
  private.finnish_stops, private.french_stops, private.german_stops, private.italian_stops,
  private.norwegian_stops, private.portuguese_stops, private.russian_stops, private.spanish_stops,
  private.swedish_stops, private.turkish_stops;
drop domain private.language_name;
