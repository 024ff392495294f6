using NUnit.Framework;

namespace BeBiDa.EmbeddedApi.Tests;

[TestFixtureSource(typeof(TestServers), nameof(TestServers.All))]
public sealed class RequestCountSpecs(ApiServerKind kind)
{
    [Test]
    public async Task Requests_are_counted_by_user_also_those_that_are_refused_and_watches_as_they_begin()
    {
        await using var server = await TestServers.StartAsync(kind, counted: ["someone"]);
        using var admin = new ApiClient(server, server.AdminKubeconfig);
        using var someone = new ApiClient(server, server.WriteKubeconfig("someone", "system:masters"));
        using var other = new ApiClient(server, server.WriteKubeconfig("someone-else"));
        Assert.That(server.RequestsOf("someone"), Is.Zero);

        await someone.Get("/api/v1/nodes");
        await someone.Get("/api/v1/nodes/none");
        using var watch = await someone.Watch("/api/v1/nodes?watch=true");
        await admin.Get("/api/v1/nodes");
        await other.Get("/api/v1/nodes");

        Assert.That(server.RequestsOf("someone"), Is.EqualTo(3));
    }
}
