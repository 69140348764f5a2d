// The shader of the elements: colour and visibility from the texture, section, and what a pick reads back.

import {
  DataTexture,
  DoubleSide,
  GLSL3,
  NearestFilter,
  NoBlending,
  RGBAFormat,
  RawShaderMaterial,
  UnsignedByteType,
  Vector3,
  Vector4,
} from "three";

import { type ColourTable, type Rgb, WIDTH } from "./colours";

/** What a fragment writes: its colour, its feature id, or one coordinate as a share of the model's box. */
export const COLOUR = 0;
export const FEATURE = 1;
export const PLACE = 2; // and 3, 4: east, north, up

const VERTEX = `
precision highp float;
precision highp int;
precision highp sampler2D;
uniform mat4 projectionMatrix;
uniform mat4 modelViewMatrix;
uniform mat4 modelMatrix;
uniform sampler2D colours;
in vec3 position;
in vec3 normal;
in float feature;
flat out vec4 tint;
flat out int fid;
out vec3 place;
out vec3 facing;
void main() {
  fid = int(feature + 0.5);
  tint = texelFetch(colours, ivec2(fid % ${WIDTH}, fid / ${WIDTH}), 0);
  place = (modelMatrix * vec4(position, 1.0)).xyz;
  facing = mat3(modelMatrix) * normal;
  gl_Position = projectionMatrix * modelViewMatrix * vec4(position, 1.0);
}`;

// A face that looks up has exactly the colour of its state; sides and inner sides are shaded, each element its own way. What is faint shows
// as every fourth pixel, which needs no sorting.
const FRAGMENT = `
precision highp float;
precision highp int;
uniform int mode;
uniform int number;
uniform vec4 section;
uniform vec3 low;
uniform vec3 size;
uniform vec3 mark;
flat in vec4 tint;
flat in int fid;
in vec3 place;
in vec3 facing;
layout(location = 0) out vec4 written;
vec4 digits(int value, int last) {
  return vec4(float(value & 255), float((value >> 8) & 255), float((value >> 16) & 255), float(last)) / 255.0;
}
void main() {
  if (tint.a < 0.01 || dot(section.xyz, place) > section.w) discard;
  bool faint = tint.a < 0.5;
  if (mode == ${FEATURE}) {
    if (faint) discard;
    written = digits(fid + 1, number);
    return;
  }
  if (mode >= ${PLACE}) {
    if (faint) discard;
    vec3 share = clamp((place - low) / size, 0.0, 1.0);
    float part = mode == ${PLACE} ? share.x : mode == ${PLACE + 1} ? share.y : share.z;
    written = digits(int(part * 16777215.0 + 0.5), 255);
    return;
  }
  if (faint) {
    ivec2 pixel = ivec2(gl_FragCoord.xy) & 1;
    if (pixel.x + pixel.y > 0) discard;
  }
  vec3 n = length(facing) > 0.0 ? normalize(facing) : vec3(0.0, 0.0, 1.0);
  if (!gl_FrontFacing) n = -n;
  float lit = 0.8 + 0.2 * n.z + (1.0 - abs(n.z)) * (0.06 * n.x - 0.08 * n.y);
  lit -= (1.0 - abs(n.z)) * 0.07 * fract(float(fid) * 0.618034); // neighbours of one colour stay apart
  if (!gl_FrontFacing) lit *= 0.82;
  vec3 colour = tint.rgb;
  if (tint.a > 0.994 && tint.a < 0.998) colour = mix(colour, mark, 0.6);
  written = vec4(colour * lit, 1.0);
}`;

export const NO_SECTION = new Vector4(0, 0, 0, 1);

export function makeColourTexture(table: ColourTable): DataTexture {
  const texture = new DataTexture(table.texels, WIDTH, table.height, RGBAFormat, UnsignedByteType);
  texture.minFilter = NearestFilter;
  texture.magFilter = NearestFilter;
  texture.generateMipmaps = false;
  texture.needsUpdate = true;
  return texture;
}

export function makeMaterial(texture: DataTexture, number: number, mark: Rgb): RawShaderMaterial {
  return new RawShaderMaterial({
    glslVersion: GLSL3,
    vertexShader: VERTEX,
    fragmentShader: FRAGMENT,
    side: DoubleSide,
    blending: NoBlending,
    uniforms: {
      colours: { value: texture },
      mode: { value: COLOUR },
      number: { value: number },
      section: { value: NO_SECTION },
      low: { value: new Vector3() },
      size: { value: new Vector3(1, 1, 1) },
      mark: { value: new Vector3(...mark).divideScalar(255) },
    },
  });
}
