# Shared by the scripts in this folder; sourced, not run.
# Finds a JDK 25, lets Maven itself run on it (the formatter needs that), and runs Maven from the project's root.

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)

fail() {
  echo "error: $1" >&2
  [ $# -lt 2 ] || echo "hint: $2" >&2
  exit 1
}

is_jdk_25() { [ -x "$1/bin/javac" ] && "$1/bin/javac" -version 2>&1 | grep -q '^javac 25\b'; }

find_jdk_25() {
  local candidate
  for candidate in "${JAVA25_HOME:-}" "${JAVA_HOME:-}" /usr/lib/jvm/* /opt/java/* /opt/jdk* "${HOME:-/nonexistent}"/.sdkman/candidates/java/*; do
    if [ -n "$candidate" ] && is_jdk_25 "$candidate"; then
      echo "$candidate"
      return
    fi
  done
  return 1
}

JAVA_HOME=$(find_jdk_25) || fail "no JDK 25 found" "Install one (for example Debian's or Temurin's) or point JAVA25_HOME to it."
export JAVA_HOME
unset JAVA_TOOL_OPTIONS _JAVA_OPTIONS JDK_JAVA_OPTIONS
command -v mvn >/dev/null || fail "Maven is not installed" "Install it, for example with: apt-get install maven"
# Maven's own libraries use what JDK 25 warns about; the warnings say nothing about pgbk.
export MAVEN_OPTS="--sun-misc-unsafe-memory-access=allow --enable-native-access=ALL-UNNAMED ${MAVEN_OPTS:-}"

run_maven() { mvn -f "$root/pom.xml" "$@"; }
