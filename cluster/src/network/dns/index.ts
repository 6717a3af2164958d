export { keepDnsRunning, prepareDnsProgram, recordsDirectory, stopDns } from './process.ts';
export { type NamespaceRecords, type ServiceRecords, serviceRecords } from './records.ts';
export { dnsObjects, publishDnsService } from './service.ts';
export { keepRecords } from './writer.ts';
