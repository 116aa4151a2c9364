#!/bin/bash
# pack-programs.sh FOLDER PROGRAM...: puts programs of this image into FOLDER with every library that they are linked with, the C
# library and its loader included, so that they run in an image of another distribution. FOLDER must have the same path there.
set -euo pipefail
folder=$1
shift
mkdir -p "$folder/bin" "$folder/lib"

for name in "$@"; do
  program=$(command -v "$name")
  cp -L "$program" "$folder/lib/$name"
  # the loader's own list, as ldd prints it, which not every image has
  libraries=$(LD_TRACE_LOADED_OBJECTS=1 "$program")
  case $libraries in *"not found"*) echo "$name lacks a library: $libraries" >&2; exit 1 ;; esac
  loader=
  while read -r line; do
    for word in $line; do
      case $word in /*)
        cp -L "$word" "$folder/lib/"
        case $word in */ld-linux*) loader=${word##*/} ;; esac
        ;;
      esac
    done
  done <<<"$libraries"
  [ -n "$loader" ] || { echo "$name has no loader: $libraries" >&2; exit 1; }
  printf '#!/bin/sh\nexec %s/lib/%s --library-path %s/lib %s/lib/%s "$@"\n' \
    "$folder" "$loader" "$folder" "$folder" "$name" >"$folder/bin/$name"
done
chmod 0755 "$folder"/bin/* "$folder"/lib/*
