#!/usr/bin/env bash
# aws-lambda-java-runtime-interface-client 2.10.1: on a JDK 17 or newer it does not use the log file descriptor, unsaid.
#
# Lambda gives a runtime the number of a file descriptor in _LAMBDA_TELEMETRY_LOG_FD, for records in frames. The client
# opens it by reflection on java.io.FileDescriptor. Without `--add-opens java.base/java.io=ALL-UNNAMED` the JDK refuses;
# the client catches that, says nothing and writes to standard output. It adds no line break there: in the text format
# `LambdaLogger.log` of three records makes one line, where the next printed line continues.
# With the option the same function writes three frames.
source "$(dirname "$0")/lib.sh"
in_a_temporary_folder
cat >pom.xml <<'XML'
<project xmlns="http://maven.apache.org/POM/4.0.0"><modelVersion>4.0.0</modelVersion>
  <groupId>finding</groupId><artifactId>finding</artifactId><version>1</version>
  <dependencies><dependency><groupId>com.amazonaws</groupId>
    <artifactId>aws-lambda-java-runtime-interface-client</artifactId><version>2.10.1</version></dependency></dependencies>
</project>
XML
mvn -B -q dependency:copy-dependencies -DoutputDirectory=lib
cat >Finding.java <<'JAVA'
import com.amazonaws.services.lambda.runtime.Context;
import com.amazonaws.services.lambda.runtime.RequestHandler;
import com.amazonaws.services.lambda.runtime.logging.LogLevel;

public class Finding implements RequestHandler<Object, Object> {
    public Object handleRequest(Object event, Context context) {
        context.getLogger().log("order 17 accepted", LogLevel.INFO);
        context.getLogger().log("stock is low", LogLevel.WARN);
        context.getLogger().log("payment failed", LogLevel.ERROR);
        System.out.println("printed");
        return null;
    }
}
JAVA
javac -cp 'lib/*' Finding.java
echo "client 2.10.1, $(java -version 2>&1 | head -1)"

written() { # options of the JVM: prints the frames, then the lines
  PYTHONPATH=$here/../runtimes PYTHONDONTWRITEBYTECODE=1 python3 - "$@" <<'PY'
import os, sys
from runtime_api import Function
command = ["java", *sys.argv[1:], "-cp", ".:lib/*", "com.amazonaws.services.lambda.runtime.api.client.AWSLambda", "Finding::handleRequest"]
print(*map(repr, Function("finding", command, {}, ["once"], True, ".").invoke_all()["once"]))
PY
}
expect "as it is" "'[INFO] order 17 accepted[WARN] stock is low[ERROR] payment failedprinted\n'" "$(written)"
expect "with --add-opens" "'[INFO] order 17 accepted' '[WARN] stock is low' '[ERROR] payment failed' 'printed\n'" \
  "$(written --add-opens java.base/java.io=ALL-UNNAMED)"
exit $changed
