import type { Room } from "./page";
import type { Viewer } from "./viewer";
export function openPlacing(_room: Room, _viewer: Viewer, _place: HTMLElement): void {}
