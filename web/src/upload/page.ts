export function startUploadPage(): void {}
