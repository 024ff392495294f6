using NUnit.Framework;

namespace BeBiDa.EmbeddedApi.Tests;

/// <summary>A fixture that runs against the embedded server and, where there is one, a real one.</summary>
[TestFixtureSource(typeof(TestServers), nameof(TestServers.All))]
public abstract class ApiServerSpecs(ApiServerKind kind)
{
    private static int names;

    protected ApiServerKind Kind => kind;

    protected IApiServer Server { get; private set; } = null!;

    protected ApiClient Admin { get; private set; } = null!;

    /// <summary>A namespace of this test's own.</summary>
    protected string Space { get; private set; } = "";

    protected string Pods => $"/api/v1/namespaces/{Space}/pods";

    [SetUp]
    public async Task Connect()
    {
        Server = await SharedServers.Get(kind);
        Admin = new(Server, Server.AdminKubeconfig);
        Space = Unique("space");
        await Admin.Post("/api/v1/namespaces", $$$"""{"metadata":{"name":"{{{Space}}}"}}""");
    }

    [TearDown]
    public void Disconnect() => Admin.Dispose();

    protected static string Unique(string prefix) => $"{prefix}-{Interlocked.Increment(ref names)}-{Guid.NewGuid().ToString()[..6]}";

    protected async Task<(string Path, string Uid)> NewNode(string labels = "{}")
    {
        var name = Unique("node");
        var made = await Admin.Post(
            "/api/v1/nodes?fieldManager=kubelet",
            $$$"""{"apiVersion":"v1","kind":"Node","metadata":{"name":"{{{name}}}","labels":{{{labels}}} }}"""
        );
        Assert.That(made.Code, Is.EqualTo(201), made.Body?.ToJsonString());
        return ($"/api/v1/nodes/{name}", made.Uid);
    }

    protected async Task<Answer> NewPod(string name, string spec = "", string labels = "{}")
    {
        var made = await Admin.Post(
            Pods,
            $$$"""{"apiVersion":"v1","kind":"Pod","metadata":{"name":"{{{name}}}","labels":{{{labels}}}},"spec":{"containers":[{"name":"c","image":"busybox"}]{{{spec}}}}}"""
        );
        Assert.That(made.Code, Is.EqualTo(201), made.Body?.ToJsonString());
        return made;
    }

    internal static async Task Eventually(Func<Task<bool>> condition, string what, int seconds = 180)
    {
        var deadline = DateTime.UtcNow.AddSeconds(seconds);
        while (!await condition())
        {
            if (DateTime.UtcNow > deadline)
                Assert.Fail($"not within {seconds} s: {what}");
            await Task.Delay(20);
        }
    }
}
