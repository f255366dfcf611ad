/**
 * A year of real sales, for tests and benchmarks: what LOGFOLD_SALES names, packed or a folder with a file for each day. Where
 * it is not set, what lies beside the checkout, of which it is no part; undefined when nothing does.
 * @throws where LOGFOLD_SALES names what is not there: whoever sets it wants no other sales
 */
export declare function yearOfSales(env?: Readonly<Record<string, string | undefined>>): string | undefined;
