/** `<|im_start|>`, `</think>`, `[INST]`, `<｜User｜>`: marks that belong to a model, not to what somebody writes. */
const MODEL_TOKEN =
  /<\|[^|<>]{1,60}\|?>|<｜[^｜<>]{1,60}｜>|<\/?[A-Za-z_][\w.:-]{0,40}(?:[ =][^<>\n]{0,80})?>|<<\/?\w{1,20}>>|\[\/?[A-Z][A-Z_]{1,30}\]|<[^\s<>]{1,40}>/g;

/** Switches that publishers have given their models. */
const SWITCHES = new Set(['/think', '/no_think', '/nothink', '/system_override', '/set', '/reasoning']);

/** Kinds of content and fields of messages, for which genuine templates look inside of what they are given. */
const FIELDS = new Set(
  `type text image images image_url video video_url audio audio_url input_audio input_image content role name url path function functions arguments parameters
  tool tools tool_call tool_calls tool_call_id tool_use tool_result tool_response tool_responses thinking thought reasoning reasoning_content system user assistant
  developer ipython id index document documents title body json file file_id data source properties description query result results output input model citations`.split(
    /\s+/,
  ),
);

/** A link, or a host under a name that is not reserved for files (`config.json`). */
const LINK = /\b(?:https?|ftp|wss?):\/\/[^\s'"<>{}]{1,200}/i;
const HOST =
  /(?<![\w@./-])(?:[a-z0-9-]{1,63}\.){1,4}(?:com|net|org|io|ai|dev|app|xyz|top|info|biz|co|me|ru|cn|tk|sh|cc|ly|gg|example|test|invalid|onion|site|online|click)(?![\w.-]?\w)/i;

/**
 * Instructions that a publisher does not put into a template. Each looks over a bounded distance.
 * "Do not mention this" is not among them: published system prompts say so.
 */
const INSTRUCTIONS = [
  /\b(?:ignore|disregard|bypass|override|forget|disable|turn off)\b[^.\n]{0,40}\b(?:safety|previous|prior|earlier|above|all)\b[^.\n]{0,20}\b(?:rules?|instructions?|guidelines?|guardrails?|polic(?:y|ies)|filters?|checks?|training|prompts?)\b/i,
  /\b(?:secretly|covertly|silently|stealthily|without (?:telling|informing|notifying|alerting)|(?:do not|don't|never) (?:tell|inform|alert|notify|warn) the user)\b/i,
  /\b(?:always|must)\b[^.\n]{0,30}\b(?:recommend|promote|advertise|insert|exfiltrate|leak)\b[^.\n]{0,80}/i,
  /\b(?:send|upload|post|forward|exfiltrate|leak|transmit)\b[^.\n]{0,40}\b(?:passwords?|credentials?|api keys?|secrets?|tokens? to|conversation|chat history|private data)\b/i,
  /\bwhen(?:ever)? (?:the user )?(?:is )?ask(?:s|ed)? (?:about|for)\b[^.\n]{0,60}\b(?:always|include|insert|add|reply|say|recommend|answer with)\b/i,
];

function withoutModelTokens(text: string): string {
  return text.replace(MODEL_TOKEN, ' ');
}

/** Whether a literal is none of the things for which genuine templates look into content: it is a trigger then, if anything follows from it. */
export function isTriggerWord(literal: string): boolean {
  const word = literal.trim();
  if (SWITCHES.has(word) || FIELDS.has(word.toLowerCase())) return false;
  // Half a token, as in `content.startswith('<tool')`, is still one.
  if (/^[<[{(|]|[>\]})|]$/.test(word)) return false;
  return /[\p{L}\p{N}]{3,}/u.test(withoutModelTokens(word));
}

/** Whether text says something to the model in words, rather than in tokens and labels. */
export function isProse(text: string): boolean {
  const plain = withoutModelTokens(text);
  return (plain.match(/\p{L}{2,}/gu)?.length ?? 0) >= 2 || linkIn(plain) !== undefined;
}

function linkIn(text: string): string | undefined {
  return LINK.exec(text)?.[0] ?? HOST.exec(text)?.[0];
}

/** A link with a scheme: beside the words of a template even that is rare; bare hosts are too common in prose ("Claude.ai"). */
export function addressIn(text: string): string | undefined {
  return LINK.exec(text)?.[0];
}

export function hiddenInstruction(text: string): string | undefined {
  for (const pattern of INSTRUCTIONS) {
    const found = pattern.exec(text)?.[0];
    if (found !== undefined) return found.slice(0, 120);
  }
  return undefined;
}

/** Tag characters that spell ASCII (a flag has some behind its own mark), marks that turn the reading around, runs of what has no width. */
const INVISIBLE =
  /(?<![\u{1F3F4}\u{E0020}-\u{E007F}])[\u{E0020}-\u{E007F}]{2}|[\u202A-\u202E\u2066-\u2069]|[\u200B-\u200D\u2060-\u2064\uFEFF]{4}|[\u{E0100}-\u{E01EF}]{4}/u;

/** Text that a model reads and a person does not see. */
export function invisibleText(text: string): string | undefined {
  const found = INVISIBLE.exec(text)?.[0];
  return found === undefined ? undefined : `invisible characters (U+${(found.codePointAt(0) ?? 0).toString(16).toUpperCase()} and more)`;
}
