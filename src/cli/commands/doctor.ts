export default async function doctorCommand(): Promise<void> {}
