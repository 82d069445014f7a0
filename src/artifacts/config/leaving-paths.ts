/** Why a text is a path that leaves the folder of the model, or undefined. */
export function leavingPath(key: string, text: string, weightMap: boolean): string | undefined {
  if (text.length < 2 || text.length > 1024 || /[\r\n\t<>{}|"]/.test(text)) return undefined;
  if (weightMap) return whyOutside(text);
  if (ORIGINS.has(key)) return SENSITIVE.test(text) ? 'it names a file of the machine' : undefined;
  if (/\s/.test(text)) return undefined;
  if (/^file:\/\//i.test(text)) return 'it is an address of a file';
  if (/^\\\\[\w.-]+\\/.test(text) || /^\/\/[\w.-]+\/[\w.$-]+\/\S/.test(text)) return FILE_KEY.test(key) ? 'it names another machine' : undefined;
  if (climbs(text)) return 'it goes up and out';
  if (!FILE_KEY.test(key)) return SENSITIVE.test(text) ? 'it names a file of the machine' : undefined;
  return SYSTEM.test(text) && !CACHE.test(text) ? 'it names a file of the machine' : undefined;
}

/** Where the model came from: written by those who trained it, read by nobody. */
const ORIGINS = new Set(
  '_name_or_path name_or_path model_name_or_path tokenizer_name_or_path resume_from_checkpoint output_dir logging_dir dataset_path data_path train_file validation_file cache_dir model_path'.split(
    ' ',
  ),
);
const FILE_KEY =
  /(?:^|_)(?:file|files|path|paths|filename|name_or_path|dir|directory|folder|location|library|url|uri|model|tokenizer|vocab|weights|checkpoint|config|code)$/i;
const SENSITIVE =
  /^(?:\/etc\/|\/proc\/|\/dev\/|\/root\/\.(?:ssh|aws|netrc)|\/var\/run\/|\/run\/secrets)|\/\.(?:ssh|aws|gnupg|kube)\/|^~\/\.|\/(?:passwd|shadow|id_rsa|authorized_keys)$/;
const SYSTEM = /^(?:\/(?:etc|proc|sys|dev|boot|bin|sbin|lib|lib64|usr|var|run|tmp|root|private)\/|~\/|[A-Za-z]:[\\/](?:windows|users|temp)[\\/])/i;
/** Tokenizers used to write down the files that they were made from. */
const CACHE = /^(?:\/root\/\.cache\/|\/tmp\/[\w.-]{1,60}\/[\w.-]{1,80}\.(?:json|txt|model)$|~\/\.cache\/)/;

/** Whether a relative path goes above its start. */
function climbs(text: string): boolean {
  if (!text.includes('..')) return false;
  let depth = 0;
  for (const part of text.split(/[/\\]/)) {
    if (part === '..') depth--;
    else if (part !== '' && part !== '.') depth++;
    if (depth < 0) return true;
  }
  // Further in and back again is no way out; from the root on every step up is one.
  return /^(?:[/\\]|[A-Za-z]:[\\/])/.test(text) && text.split(/[/\\]/).includes('..');
}

/** Files of a weight map are plain names below the folder. */
function whyOutside(text: string): string | undefined {
  if (/^(?:[/\\]|[A-Za-z]:|~)/.test(text)) return 'it is absolute';
  if (/^[a-z][a-z0-9+.-]*:/i.test(text)) return 'it is an address';
  if (text.split(/[/\\]/).includes('..')) return 'it goes up';
  return text.includes('\0') ? 'it has a NUL' : undefined;
}
