using System.Globalization;
using System.Text.Json.Nodes;
using BeBiDa.Cluster;

namespace BeBiDa.Cli.Credentials;

/// <summary>Asks for tokens of a ServiceAccount (kubernetes.io/docs/reference/kubernetes-api/authentication-resources/token-request-v1).</summary>
internal static class TokenIssuer
{
    /// <summary>What a ServiceAccount is called as a user.</summary>
    public const string UserPrefix = "system:serviceaccount:";

    /// <summary>A new token.</summary>
    /// <param name="cluster">The cluster, as someone who may.</param>
    /// <param name="space">The ServiceAccount's namespace.</param>
    /// <param name="account">Its name.</param>
    /// <param name="lifetime">How long it should live, 10 minutes at least; the server may have a limit of its own.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <exception cref="ClusterException">It was refused.</exception>
    public static async Task<(string Token, DateTimeOffset Expires)> IssueAsync(
        ClusterApi cluster,
        string space,
        string account,
        TimeSpan lifetime,
        CancellationToken cancellationToken
    )
    {
        var request = ClusterApi.Review(
            "authentication.k8s.io/v1",
            "TokenRequest",
            new JsonObject { ["expirationSeconds"] = (long)lifetime.TotalSeconds }
        );
        var answer = await cluster
            .PostAsync($"api/v1/namespaces/{space}/serviceaccounts/{account}/token", request, cancellationToken)
            .ConfigureAwait(false);
        return (
            answer["status"]!["token"]!.GetValue<string>(),
            DateTimeOffset.Parse(answer["status"]!["expirationTimestamp"]!.GetValue<string>(), CultureInfo.InvariantCulture)
        );
    }

    /// <summary>The namespace and the name of the ServiceAccount that a user is; null where it is none.</summary>
    public static (string Namespace, string Name)? Account(string user) =>
        user.StartsWith(UserPrefix, StringComparison.Ordinal) && user[UserPrefix.Length..].Split(':') is [var space, var name]
            ? (space, name)
            : null;
}
