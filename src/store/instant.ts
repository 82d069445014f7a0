import { customType } from 'drizzle-orm/pg-core';

/** RFC 3339 text in this program, timestamptz(3) in the database. */
export const instant = customType<{ data: string; driverData: string }>({
  dataType: () => 'timestamp (3) with time zone',
  fromDriver: (value) => new Date(value).toISOString(),
});
