// npm run bench NAME [WORD...]: runs bench/NAME.ts, which exports run<Name>Bench(words), and prints the Markdown that it returns.
import { readdirSync } from 'node:fs';

const names = readdirSync(import.meta.dirname)
  .filter((file) => file.endsWith('.ts') && file !== 'run.ts')
  .map((file) => file.slice(0, -3));

async function main(args: readonly string[]): Promise<void> {
  const [name, ...words] = args;
  if (name === undefined || !names.includes(name)) {
    console.error(`usage: npm run bench NAME [WORD...], where NAME is one of: ${names.join(', ')}`);
    process.exitCode = 2;
    return;
  }
  const pascalCase = name.replace(/(?:^|-)([a-z])/g, (_, letter: string) => letter.toUpperCase());
  const bench = (await import(`./${name}.ts`)) as Readonly<Record<string, (words: readonly string[]) => Promise<string>>>;
  const runBench = bench[`run${pascalCase}Bench`];
  if (runBench === undefined) throw new Error(`bench/${name}.ts does not export run${pascalCase}Bench`);
  console.log(await runBench(words));
}

await main(process.argv.slice(2));
