/** What people write where a credential would stand. */
const PLACEHOLDER =
  /example|placeholder|sample|dummy|redacted|change[_-]?me|insert[_-]|replace[_-]|your[_-]?(?:api|access|secret|token|key|pass|own)|my[_-](?:api|secret|token|key)|x{5,}|\*{3,}|\.{3}|0{7,}|1234567|abcdefg|<[^>]{0,40}>|\$[{(]|\{\{|%[({]/i;

/** Parts of credentials that vendors print in their documents: AWS, Azurite, Stripe (twice), jwt.io, Google. */
const PUBLISHED = ['EXAMPLE', 'Eby8vdM02xNOcqFl', '4eC39HqLyjWDarjt', 'BQokikJOvBiI2HlW', 'eyJzdWIiOiIxMjM0NTY3ODkwI', 'SyDaGmWKa4JsXZ-HjGw7ISLn'];

/** The value stands for a credential and is none, or everybody has it. */
export function isExample(value: string): boolean {
  return PLACEHOLDER.test(value) || PUBLISHED.some((part) => value.includes(part)) || new Set(value).size < 5;
}
