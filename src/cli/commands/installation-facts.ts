/** Where this program lies, for commands that start processes of it. */
export interface InstallationFacts {
  /** JavaScript file that child processes run. */
  readonly entry: string;
  /** Folder of package.json; relative model paths of the configuration start from it. */
  readonly root: string;
  /** Words of a command line of this program: node and entry. */
  readonly command: readonly string[];
}
