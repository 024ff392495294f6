using System.Text.Json.Nodes;
using BeBiDa.Cluster;

namespace BeBiDa.Cli.Credentials;

/// <summary>Gives the controller's identity its rights.</summary>
internal static class Rights
{
    private const int Tries = 10;

    // A real API server counts new roles and bindings a moment later.
    private static readonly TimeSpan Propagation = TimeSpan.FromSeconds(10);

    /// <summary>Applies the manifests.</summary>
    /// <param name="admin">The cluster, as someone who may.</param>
    /// <param name="options">What is applied.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <exception cref="ClusterException">It was refused.</exception>
    public static async Task ApplyAsync(ClusterApi admin, ManifestOptions options, CancellationToken cancellationToken)
    {
        foreach (var manifest in new ManifestObjects(Manifests.Text(options)).Objects)
            await ApplyAsync(admin, manifest, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Waits until the server grants them.</summary>
    /// <returns>Those that it does not grant.</returns>
    /// <exception cref="ClusterException">It cannot be asked.</exception>
    public static async Task<IReadOnlyList<Right>> MissingAsync(
        ClusterApi identity,
        ManifestOptions options,
        CancellationToken cancellationToken
    )
    {
        var missing = new ManifestObjects(Manifests.Text(options with { SelfRenew = false })).Rights.ToList();
        for (var started = TimeProvider.System.GetTimestamp(); ; )
        {
            var still = new List<Right>();
            foreach (var right in missing)
                if (!await identity.MayAsync(right, cancellationToken).ConfigureAwait(false))
                    still.Add(right);
            missing = still;
            if (missing.Count == 0 || TimeProvider.System.GetElapsedTime(started) > Propagation)
                return missing;
            await Task.Delay(TimeSpan.FromMilliseconds(200), cancellationToken).ConfigureAwait(false);
        }
    }

    private static async Task ApplyAsync(ClusterApi admin, JsonObject manifest, CancellationToken cancellationToken)
    {
        for (var tries = 1; ; tries++)
        {
            try
            {
                var wanted = (JsonObject)manifest.DeepClone();
                await KeepSubjectsAsync(admin, wanted, cancellationToken).ConfigureAwait(false);
                await admin.ApplyAsync(wanted, cancellationToken).ConfigureAwait(false);
                return;
            }
            catch (ClusterException e) when (e.Fault == ClusterFault.Conflict && tries < Tries)
            {
                // Someone else was quicker: theirs is read, too.
            }
            catch (ClusterException e) when (e.Fault == ClusterFault.Forbidden)
            {
                throw new ClusterException(
                    e.Fault,
                    $"{e.Message}; ask an admin to apply what 'bebidactl rbac' prints, then run this again with --skip-rbac",
                    null,
                    e
                );
            }
        }
    }

    // Whoever else is bound stays so: another identity may be in use until the new kubeconfig is everywhere.
    private static async Task KeepSubjectsAsync(ClusterApi admin, JsonObject manifest, CancellationToken cancellationToken)
    {
        if (
            manifest["subjects"] is not JsonArray ours
            || await admin.GetAsync(ClusterApi.PathOf(manifest), cancellationToken).ConfigureAwait(false) is not { } present
        )
            return;
        manifest["metadata"]!["resourceVersion"] = present["metadata"]!["resourceVersion"]!.GetValue<string>();
        foreach (
            var subject in (present["subjects"] as JsonArray ?? [])
                .OfType<JsonObject>()
                .Where(subject => !ours.Any(one => Same(one, subject)))
        )
            ours.Add(subject.DeepClone());
    }

    private static bool Same(JsonNode? one, JsonNode other) =>
        new[] { "kind", "name", "namespace" }.All(field => one?[field]?.GetValue<string>() == other[field]?.GetValue<string>());
}
