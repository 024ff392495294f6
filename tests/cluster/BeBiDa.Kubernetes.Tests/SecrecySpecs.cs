using BeBiDa.Cluster;
using BeBiDa.Configuration;
using BeBiDa.EmbeddedApi;
using BeBiDa.EmbeddedApi.Faults;
using BeBiDa.HandOver;
using k8s.Models;

namespace BeBiDa.Tests;

/// <summary>Whatever lets BeBiDa into the cluster is in no log line, no error and no Event, whatever goes wrong.</summary>
public sealed class SecrecySpecs() : ClusterTest(ApiServerKind.Embedded)
{
    private const string Token = "b3b1da-t0k3n-that-nobody-may-see";
    private const string Password = "b3b1da-passw0rd-that-nobody-may-see";

    private EmbeddedApiServer server = null!;
    private KubeconfigFolder folder = null!;
    private string[] secrets = [];

    /// <summary>The ways to say who one is; each is given what else goes wrong.</summary>
    public static IEnumerable<string> Credentials =>
        ["token", "tokenFile", "client-key-data", "client-key", "password", "password in the address"];

    /// <summary>What goes wrong.</summary>
    public static IEnumerable<string> Ways =>
        [
            "nothing",
            "401",
            "403",
            "500",
            "another CA",
            "expired server",
            "nobody listens",
            "not YAML",
            "no such context",
            "a bad CA",
            "others can read it",
            "a folder",
            "an odd answer",
        ];

    protected override async Task<IApiServer> StartAsync(ApiServerKind kind) => server = Ends(await EmbeddedApiServer.StartAsync());

    [SetUp]
    public void OpenTheFolder() => folder = new KubeconfigFolder(server);

    [TearDown]
    public void DeleteTheFolder() => folder.Dispose();

    [Test]
    public async Task No_secret_is_told_to_anyone(
        [ValueSource(nameof(Credentials))] string credential,
        [ValueSource(nameof(Ways))] string way
    )
    {
        var node = await NewNodeAsync();
        var told = new List<string>();
        var configuration = Configuration(await KubeconfigAsync(credential, way));
        configuration = configuration with { Kubernetes = configuration.Kubernetes with { RequestTimeout = TimeSpan.FromSeconds(1) } };
        if (way is "401" or "403" or "500")
            server.Faults.Add(
                new Fault(FaultKind.Refuse)
                {
                    StatusCode = int.Parse(way, System.Globalization.CultureInfo.InvariantCulture),
                    Verb = "patch",
                }
            );
        if (way == "an odd answer")
            server.Faults.Add(new Fault(FaultKind.Answer) { Body = "<html>", Verb = "patch" });
        server.Faults.ExpiredServerCertificate = way == "expired server";
        try
        {
            var cluster = Connect(configuration);
            var handOvers = HandOvers(cluster, configuration);
            var result = await handOvers.DecommissionAsync(Job(7, node.Name), TimeSpan.FromMilliseconds(way == "nothing" ? 30_000 : 700));
            told.AddRange(result.Problems.Select(problem => problem.Text));
            try
            {
                await cluster.HoldAsync(node, Hold(8), Since, default);
            }
            catch (Exception e)
            {
                told.Add(e.ToString());
            }
            if (way == "nothing" && credential is not ("password" or "password in the address"))
                Assert.That(result.Outcome, Is.EqualTo(HandOverOutcome.Done), string.Join('\n', Log.All));
            await handOvers.DisposeAsync();
        }
        catch (ConfigurationException e)
        {
            told.Add(e.ToString());
        }
        server.Faults.Clear();
        told.AddRange(Log.All);
        told.AddRange(
            (await Admin.GetAsync<Corev1EventList>("api/v1/namespaces/default/events", default)).Items.Select(e =>
                $"{e.Reason} {e.Message} {e.Source?.Component}"
            )
        );
        Assert.That(told, Is.Not.Empty, "the test looks at nothing");
        foreach (var secret in secrets)
            Assert.That(told.Where(line => line.Contains(secret, StringComparison.Ordinal)), Is.Empty);
    }

    private async Task<string> KubeconfigAsync(string credential, string way)
    {
        server.AddToken(Token, "bebida", "system:masters");
        var (certificate, key) = folder.Identity("bebida", "system:masters");
        var keyLine = key.Split('\n')[1];
        secrets = [Token, Password, keyLine, KubeconfigFolder.Base64(key), KubeconfigFolder.Base64($"admin:{Password}")];
        folder.Add("token", Token);
        folder.Add("client.crt", certificate);
        folder.Add("client.key", key);
        var user = credential switch
        {
            "token" => $"token: {Token}",
            "tokenFile" => "tokenFile: token",
            "client-key-data" =>
                $"client-certificate-data: {KubeconfigFolder.Base64(certificate)}\nclient-key-data: {KubeconfigFolder.Base64(key)}",
            "client-key" => "client-certificate: client.crt\nclient-key: client.key",
            _ => $"username: admin\npassword: {Password}",
        };
        var authority = server.Url.Authority;
        var url = way == "nobody listens" ? "https://127.0.0.1:1" : $"https://{authority}";
        if (credential == "password in the address")
            url = url.Replace("https://", $"https://admin:{Password}@", StringComparison.Ordinal);
        var cluster = folder.Trusting;
        if (way == "another CA")
        {
            await using var another = await EmbeddedApiServer.StartAsync();
            cluster = $"certificate-authority-data: {KubeconfigFolder.Base64(await File.ReadAllTextAsync(another.CaCertificatePath))}";
        }
        else if (way == "a bad CA")
        {
            cluster = "certificate-authority-data: bm9uZQ==";
        }
        var path = folder.Write(user, cluster, url);
        switch (way)
        {
            case "not YAML":
                await File.AppendAllTextAsync(path, $"\n\t{user}: [\n");
                break;
            case "no such context":
                await File.WriteAllTextAsync(
                    path,
                    (await File.ReadAllTextAsync(path)).Replace("current-context: main", "current-context: none", StringComparison.Ordinal)
                );
                break;
            case "others can read it":
                File.SetUnixFileMode(path, (UnixFileMode)0b110_100_100);
                break;
            case "a folder":
                return Path.GetDirectoryName(path)!;
        }
        return path;
    }
}
