namespace BeBiDa.EmbeddedApi.Real;

/// <summary>kube-apiserver's audit log, one line for each request of a few users.</summary>
internal static class AuditLog
{
    private const string Log = "audit.log";

    /// <summary>kube-apiserver's arguments for it; none where nobody is counted.</summary>
    public static IEnumerable<string> Arguments(string directory, IReadOnlyList<string> users)
    {
        if (users.Count == 0)
            return [];
        var policy = Path.Combine(directory, "audit.yaml");
        // A watch is counted as it begins, like all others.
        File.WriteAllText(
            policy,
            $"""
            apiVersion: audit.k8s.io/v1
            kind: Policy
            omitStages: [ResponseStarted, ResponseComplete, Panic]
            rules:
              - level: Metadata
                users: [{string.Join(", ", users)}]
              - level: None

            """
        );
        return [$"--audit-policy-file={policy}", $"--audit-log-path={Path.Combine(directory, Log)}"];
    }

    /// <summary>How many requests of a user are in the log of a directory.</summary>
    public static long Count(string directory, string user)
    {
        var path = Path.Combine(directory, Log);
        return File.Exists(path)
            ? File.ReadLines(path).LongCount(line => line.Contains($"\"username\":\"{user}\"", StringComparison.Ordinal))
            : 0;
    }
}
