using System.Net;
using System.Net.Http.Headers;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using BeBiDa.Cluster;
using BeBiDa.Configuration;
using BeBiDa.Kubernetes;
using Microsoft.Extensions.Logging;

namespace BeBiDa.Cli.Credentials;

/// <summary>A cluster's API, with some kubeconfig: whatever is asked of it, once.</summary>
internal sealed class ClusterApi : IDisposable
{
    private static readonly TimeSpan RequestTimeout = TimeSpan.FromSeconds(10);

    // Where the kinds of our manifests are.
    private static readonly Dictionary<string, string> Collections = new(StringComparer.Ordinal)
    {
        ["Namespace"] = "api/v1/namespaces",
        ["ServiceAccount"] = "api/v1/namespaces/{0}/serviceaccounts",
        ["ClusterRole"] = "apis/rbac.authorization.k8s.io/v1/clusterroles",
        ["ClusterRoleBinding"] = "apis/rbac.authorization.k8s.io/v1/clusterrolebindings",
        ["Role"] = "apis/rbac.authorization.k8s.io/v1/namespaces/{0}/roles",
        ["RoleBinding"] = "apis/rbac.authorization.k8s.io/v1/namespaces/{0}/rolebindings",
    };

    private readonly ConnectionSource connections;
    private readonly ApiClient client;

    /// <summary>Reads the kubeconfig; nothing is sent yet.</summary>
    /// <exception cref="ConfigurationException">It cannot be used.</exception>
    public ClusterApi(string kubeconfig, string context, ILogger logger)
    {
        connections = new ConnectionSource(kubeconfig, context, allowExec: true, RequestTimeout, TimeProvider.System, logger);
        client = new ApiClient(connections, RequestLimits.AdminRequests, RequestTimeout, TimeProvider.System, logger);
    }

    /// <summary>The API server's address.</summary>
    public Uri Address => client.Address;

    public void Dispose() => client.Dispose();

    /// <summary>Reads an object.</summary>
    /// <returns>Null where there is none.</returns>
    /// <exception cref="ClusterException">It cannot be read.</exception>
    public async Task<JsonObject?> GetAsync(string path, CancellationToken cancellationToken)
    {
        try
        {
            return await SendAsync(HttpMethod.Get, path, null, cancellationToken).ConfigureAwait(false);
        }
        catch (ClusterException e) when (e.Fault == ClusterFault.NotFound)
        {
            return null;
        }
    }

    /// <summary>Makes an object, or asks a question.</summary>
    /// <exception cref="ClusterException">It was refused.</exception>
    public Task<JsonObject> PostAsync(string path, JsonObject body, CancellationToken cancellationToken) =>
        SendAsync(HttpMethod.Post, path, ApiClient.Body(body, ClusterApiJson.Default.JsonObject), cancellationToken);

    /// <summary>Writes an object as it is given.</summary>
    /// <exception cref="ClusterException">It was refused.</exception>
    public Task<JsonObject> PutAsync(string path, JsonObject body, CancellationToken cancellationToken) =>
        SendAsync(HttpMethod.Put, path, ApiClient.Body(body, ClusterApiJson.Default.JsonObject), cancellationToken);

    /// <summary>Applies an object of a manifest (Server-Side Apply, by force).</summary>
    /// <exception cref="ClusterException">It was refused.</exception>
    public Task<JsonObject> ApplyAsync(JsonObject manifest, CancellationToken cancellationToken) =>
        SendAsync(
            HttpMethod.Patch,
            $"{PathOf(manifest)}?fieldManager=bebidactl&force=true",
            ApiClient.Body(manifest, ClusterApiJson.Default.JsonObject, "application/apply-patch+yaml"),
            cancellationToken
        );

    /// <summary>Where an object of a manifest is.</summary>
    public static string PathOf(JsonObject manifest) =>
        $"{string.Format(null, Collections[manifest["kind"]!.GetValue<string>()], manifest["metadata"]!["namespace"]?.GetValue<string>())}/{manifest["metadata"]!["name"]!.GetValue<string>()}";

    /// <summary>Whether the one whose kubeconfig this is has a right (SelfSubjectAccessReview).</summary>
    /// <exception cref="ClusterException">It cannot be told.</exception>
    public async Task<bool> MayAsync(Right right, CancellationToken cancellationToken)
    {
        var attributes = new JsonObject
        {
            ["verb"] = right.Verb,
            ["group"] = right.Group,
            ["resource"] = right.Resource,
            ["subresource"] = right.Subresource,
        };
        if (right.Namespace is { } space)
            attributes["namespace"] = space;
        var review = await PostAsync(
                "apis/authorization.k8s.io/v1/selfsubjectaccessreviews",
                Review("authorization.k8s.io/v1", "SelfSubjectAccessReview", new JsonObject { ["resourceAttributes"] = attributes }),
                cancellationToken
            )
            .ConfigureAwait(false);
        return review["status"]?["allowed"]?.GetValue<bool>() == true;
    }

    /// <summary>All pods that are bound to a node.</summary>
    /// <exception cref="ClusterException">They cannot be read.</exception>
    public Task<IReadOnlyList<Pod>> PodsAsync(CancellationToken cancellationToken) =>
        new PodQueries(client, new NeededRights(client), () => 0).ListAllAsync(cancellationToken);

    /// <summary>What the server's clock shows (RFC 9110, Date).</summary>
    /// <returns>Null where it does not say.</returns>
    /// <exception cref="ClusterException">It cannot be asked.</exception>
    public async Task<DateTimeOffset?> TimeAsync(CancellationToken cancellationToken)
    {
        // The first one connects, and tells what is in the way; the second one's answer comes at once.
        await SendAsync(HttpMethod.Get, "version", null, cancellationToken).ConfigureAwait(false);
        return (await HeadersAsync("version", cancellationToken).ConfigureAwait(false)).Date;
    }

    /// <summary>The FlowSchema, by its uid, that the server counts a request under.</summary>
    /// <returns>Null where the server has no flow control.</returns>
    /// <exception cref="ClusterException">It cannot be asked.</exception>
    public async Task<string?> FlowSchemaAsync(string path, CancellationToken cancellationToken) =>
        (await HeadersAsync(path, cancellationToken).ConfigureAwait(false)).TryGetValues("X-Kubernetes-PF-FlowSchema-UID", out var uids)
            ? uids.First()
            : null;

    private async Task<HttpResponseHeaders> HeadersAsync(string path, CancellationToken cancellationToken)
    {
        var connection = connections.Use();
        try
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(connection.Address, path))
            {
                Version = HttpVersion.Version20,
            };
            using var answer = await connection.SendAsync(request, cancellationToken).ConfigureAwait(false);
            return answer.Headers;
        }
        catch (HttpRequestException e)
        {
            throw new ClusterException(ClusterFault.Unavailable, $"GET {path}: cannot reach {Address}: {e.Message}", null, e);
        }
        finally
        {
            connection.Release();
        }
    }

    /// <summary>What a question looks like: an object that is answered and not kept.</summary>
    public static JsonObject Review(string version, string kind, JsonObject spec) =>
        new()
        {
            ["apiVersion"] = version,
            ["kind"] = kind,
            ["spec"] = spec,
        };

    private async Task<JsonObject> SendAsync(HttpMethod method, string path, HttpContent? body, CancellationToken cancellationToken) =>
        await client
            .SendAsync(method, path, body, ApiClient.Json, ClusterApiJson.Default.JsonObject, cancellationToken)
            .ConfigureAwait(false)
        ?? throw new ClusterException(ClusterFault.Unavailable, $"{method} {path}: {Address} answers with nothing");
}

[JsonSerializable(typeof(JsonObject))]
internal sealed partial class ClusterApiJson : JsonSerializerContext;
